"""Refused: the prompt names an input that nothing gives."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL)
def ask(question: str) -> str:
    """{question} {context}"""


@ag.graph
def undefined_variable(question: str) -> str:
    return ask(question)
