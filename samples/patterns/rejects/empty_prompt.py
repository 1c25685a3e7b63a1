"""Refused: a model call that says nothing."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL)
def ask(question: str) -> str:
    """"""


@ag.graph
def empty_prompt(question: str) -> str:
    return ask(question)
