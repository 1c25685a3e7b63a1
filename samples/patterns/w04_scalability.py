"""n questions at once, then a merge; n is the length of the list."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=16)
def ask(question: str) -> str:
    """{question} Answer in one short sentence."""


@ag.llm(model=MODEL, max_tokens=16)
def merge(answers: list[str]) -> str:
    """Answers:
    {answers}
    One sentence that joins them:"""


@ag.graph
def scalability(questions: list[str]) -> str:
    return merge(ag.map(ask, questions, width=ag.dist({2: 0.3, 4: 0.4, 8: 0.3})))
