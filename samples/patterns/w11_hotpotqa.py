"""A question of two hops: find the bridge, find the answer, check it."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=16)
def ask(question: str) -> str:
    """{question} Answer in one short sentence."""


@ag.llm(model=MODEL, max_tokens=16)
def second_hop(question: str, bridge: str) -> str:
    """Known: {bridge}
    Question: {question}
    Answer:"""


@ag.llm(model=MODEL, choices=["yes", "no"], max_tokens=3)
def is_answer(question: str, answer: str) -> str:
    """Question: {question}
    Answer: {answer}
    Does the answer fit the question?"""


@ag.graph
def hotpotqa(question: str) -> tuple[str, str]:
    answer = second_hop(question, ask(question))
    return answer, is_answer(question, answer)
