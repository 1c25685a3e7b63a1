"""Lists that may be empty: mapped, counted, joined, printed; and a list output of a model."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=4)
def name(thing: str) -> str:
    """Name {thing}:"""


@ag.llm(model=MODEL, max_tokens=6)
def sum_up(names: list[str], passages: list[ag.Passage]) -> str:
    """{names}{passages} In short:"""


@ag.graph
def empty_lists(
    things: list[str], numbers: list[int], groups: list[list[str]], passages: list[ag.Passage]
) -> tuple[str, int, list[str], list[int], list[str]]:
    names = ag.map(name, things)
    doubled = ag.map(lambda n: n * 2, numbers)
    sources = ag.map(lambda p: p.source, passages)
    flat = ag.flatten(groups)
    return sum_up(names + flat, passages), ag.length(names), flat, doubled, sources
