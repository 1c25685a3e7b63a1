"""A loop in a loop, each with carried values and a break that may or may not be taken."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=4, temperature=0.9)
def word(text: str, turn: int, step: int) -> str:
    """Turn {turn}.{step}. Go on: {text}"""


@ag.graph
def nested_loops(start: str, most: int) -> tuple[str, int, int]:
    def inner(turn: int):
        def body(text: str, steps: int, *, i: int):
            return text + word(text, turn, i), steps + 1

        return body

    def outer(text: str, total: int, rounds: int, *, i: int):
        longer, steps = ag.loop(
            inner(i), init=(text, 0), until=lambda text, steps: steps >= most - i, max_iters=3
        )
        return longer, total + steps, rounds + 1

    return ag.loop(
        outer, init=(start, 0, 0), until=lambda text, total, rounds: total > 3, max_iters=3
    )
