"""Refused: a retrieval from an index that nothing declares."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.retrieve(index="episodes", k=4)
def recall(question: str) -> list[ag.Passage]: ...


@ag.llm(model=MODEL)
def answer(question: str, memory: list[ag.Passage]) -> str:
    """{memory} {question}"""


@ag.graph
def bad_memory_space(question: str) -> str:
    return answer(question, recall(question))
