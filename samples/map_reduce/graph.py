"""Summarise a long text: every part in parallel, then the summaries together."""

import agentc as ag


@ag.llm(
    model="smollm2-135m-instruct",
    system="You summarise texts in one short sentence.",
    max_tokens=32,
    out_tokens=ag.lognormal(p50=20, p95=32),
)
def summarise(part: str) -> str:
    """Text: {part}

    Summary in one short sentence:"""


@ag.llm(
    model="smollm2-135m-instruct",
    system="You join notes into one paragraph.",
    max_tokens=64,
    stream=True,
)
def join(summaries: list[str]) -> str:
    """Notes:
    {summaries}

    Write one short paragraph that joins the notes."""


@ag.graph(sla=ag.SLA(p95="60s"), budget=ag.Budget(tokens=20_000))
def map_reduce(parts: list[str]) -> tuple[str, list[str]]:
    summaries = ag.map(summarise, parts, width=ag.dist({4: 0.5, 8: 0.5}), max_parallel=8)
    return join(summaries), summaries
