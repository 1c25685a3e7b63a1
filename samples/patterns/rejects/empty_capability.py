"""Refused: a tool without a name."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.tool(name="", effects="pure")
def nameless(question: str) -> str:
    """A tool."""
    return question


@ag.graph
def empty_capability(question: str) -> str:
    return nameless(question)
