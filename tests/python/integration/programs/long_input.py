"""A text that may be longer than the model's context."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=3)
def sum_up(text: str) -> str:
    """{text}
    In short:"""


@ag.graph
def long_input(text: str) -> tuple[str, str]:
    return ag.try_(
        lambda: (sum_up(text), ag.text("fits")), catch=lambda error: (error.kind, error.message)
    )
