"""A map inside a vote inside a loop: every sample has its own path, so its own seed."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, choices=["red", "green", "blue"], temperature=1.2, max_tokens=3)
def colour(thing: str, before: str) -> str:
    """{before}
    One colour for {thing}:"""


@ag.prompt
def joined(words: list[str]) -> str:
    """{words}"""


@ag.graph
def vote_in_loop(things: list[str]) -> tuple[str, list[str]]:
    def body(before: str, kept: list[str]):
        best = ag.vote(
            lambda: joined(ag.map(lambda thing: colour(thing, before), things, max_parallel=2)),
            n=3,
            quorum=2,
            cancel_rest=True,
        )
        return best, kept + ag.list(best)

    return ag.loop(body, init=("", ag.list("start")), max_iters=2)
