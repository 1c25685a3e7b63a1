"""Split a question in two, answer both at once, join."""

from pydantic import BaseModel, Field

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=16)
def ask(question: str) -> str:
    """{question} Answer in one short sentence."""


class Parts(BaseModel):
    """A question in two parts."""

    left: str = Field(max_length=40)
    right: str = Field(max_length=40)


@ag.llm(model=MODEL, output=Parts, max_tokens=120)  # 80 letters of one token each fit
def decompose(question: str) -> Parts:
    """Split this question into two questions as JSON: {question}"""


@ag.llm(model=MODEL, max_tokens=24)
def join(question: str, answers: list[str]) -> str:
    """{answers}
    {question}"""


@ag.graph
def parallelqa(question: str) -> str:
    parts = decompose(question)
    return join(question, ag.list(*ag.parallel(lambda: ask(parts.left), lambda: ask(parts.right))))
