"""A tool that fails inside a map, caught around it; retries, a time limit, sync and async."""

import asyncio

import agentc as ag

MODEL = "smollm2-135m-instruct"
CALLS: dict[str, int] = {}


@ag.tool(effects="idempotent", retries=2)
def flaky(city: str) -> str:
    """Fails on the first call for a city, always for Lima."""
    CALLS[city] = CALLS.get(city, 0) + 1
    if city == "Lima" or CALLS[city] == 1:
        raise LookupError(f"no station in {city}")
    return f"sun in {city}"


@ag.tool(effects="idempotent", timeout="50ms")
async def slow(city: str) -> str:
    """Never answers in time, but for Rome."""
    if city != "Rome":
        await asyncio.sleep(30)
    return f"moon over {city}"


@ag.llm(model=MODEL, max_tokens=5)
def guess(kind: str, cities: list[str]) -> str:
    """Error {kind}. Weather in {cities}?"""


@ag.graph
def try_around_map(cities: list[str]) -> tuple[str, str, list[str]]:
    all_of_them = ag.try_(
        lambda: (ag.map(flaky, cities), ag.text("tool")),
        catch=lambda error: (ag.list(guess(error.kind, cities)), error.kind),
    )
    each = ag.map(lambda city: ag.try_(lambda: slow(city), catch=lambda error: error.kind), cities)
    return all_of_them[0][0], all_of_them[1], each
