"""Five members vote; each samples its own answer."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, choices=["yes", "no"], temperature=1.0, max_tokens=3)
def member(motion: str) -> str:
    """Should we do this: {motion}? yes or no:"""


@ag.graph
def council(motion: str) -> str:
    return ag.vote(lambda: member(motion), n=5, reduce="majority")
