"""Five calls in a chain; each needs the one before."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=16)
def go_on(text: str) -> str:
    """Continue with one short sentence: {text}"""


@ag.graph
def chain(text: str) -> str:
    for _ in range(5):  # a Python loop over a Python number unrolls
        text = go_on(text)
    return text
