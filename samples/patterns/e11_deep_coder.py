"""Five thoughts, a synthesis, a brief, and an agent that works to the brief."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, temperature=0.9, max_tokens=16)
def think(task: str) -> str:
    """Think about how to solve this: {task}"""


@ag.llm(model=MODEL, max_tokens=24)
def synthesise(thoughts: list[str]) -> str:
    """Thoughts:
    {thoughts}
    The best idea:"""


@ag.llm(model=MODEL, max_tokens=24)
def brief(task: str, idea: str) -> str:
    """Task: {task}
    Idea: {idea}
    Write a brief for a programmer in one sentence:"""


@ag.llm(model=MODEL, max_tokens=32)
def code(order: str) -> str:
    """{order}
    Write the code:"""


@ag.graph
def deep_coder(task: str) -> str:
    thoughts = ag.map(think, ag.list(task, task, task, task, task))
    return code(brief(task, synthesise(thoughts)))
