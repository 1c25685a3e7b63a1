"""Refine a draft until a judge is content, three times at most."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=16)
def draft(topic: str) -> str:
    """Write one sentence about {topic}."""


@ag.llm(model=MODEL, max_tokens=16)
def refine(text: str) -> str:
    """Write this better: {text}"""


@ag.llm(model=MODEL, choices=["good", "bad"], max_tokens=3)
def judge(text: str) -> str:
    """Is this sentence good or bad? {text}"""


@ag.graph
def iterative_refine(topic: str) -> str:
    return ag.loop(
        refine,
        init=draft(topic),
        until=lambda text: judge(text) == "good",
        max_iters=3,
        p_stop=0.4,
    )
