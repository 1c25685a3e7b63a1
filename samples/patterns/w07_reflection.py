"""Answer, criticise the answer, answer again."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=16)
def ask(question: str) -> str:
    """{question} Answer in one short sentence."""


@ag.llm(model=MODEL, max_tokens=16)
def reflect(question: str, answer: str) -> str:
    """Question: {question}
    Answer: {answer}
    What could be better?"""


@ag.llm(model=MODEL, max_tokens=24)
def improve(question: str, answer: str, critique: str) -> str:
    """Question: {question}
    First answer: {answer}
    Critique: {critique}
    Better answer:"""


@ag.graph
def reflection(question: str) -> str:
    answer = ask(question)
    return improve(question, answer, reflect(question, answer))
