"""A tool, then a call that uses its result."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.tool(effects="pure")
def population(city: str) -> int:
    """Inhabitants of a city."""
    return {"Paris": 2_100_000, "Rome": 2_750_000}[city]


@ag.llm(model=MODEL, max_tokens=24)
def say(city: str, number: int) -> str:
    """{city} has {number} inhabitants. Say so in one sentence."""


@ag.graph
def tool_invocation(city: str) -> str:
    return say(city, population(city))
