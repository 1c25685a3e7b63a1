"""Refused: a switch between nothing."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL)
def ask(question: str) -> str:
    """{question}"""


@ag.graph
def switch_without_cases(question: str) -> str:
    return ag.switch(question, {}, default=lambda: ask(question))
