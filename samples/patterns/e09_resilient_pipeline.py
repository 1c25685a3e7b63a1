"""A tool that fails, retries, and a fallback when it keeps failing."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.tool(effects="idempotent", retries=2, timeout="1s")
def forecast(city: str) -> str:
    """The weather from a service that knows one city only."""
    if city != "Oslo":
        raise LookupError(f"no station in {city}")
    return "snow"


@ag.llm(model=MODEL, max_tokens=16)
def guess(city: str) -> str:
    """What is the weather usually like in {city}? One short sentence."""


@ag.graph
def resilient_pipeline(city: str) -> tuple[str, str]:
    return ag.try_(
        lambda: (forecast(city), ag.text("service")),
        catch=lambda error: (guess(city), error.kind),
    )
