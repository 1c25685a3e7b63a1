"""Three questions at once, merged, then one answer."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=16)
def ask(question: str) -> str:
    """{question} Answer in one short sentence."""


@ag.llm(model=MODEL, max_tokens=24)
def synthesise(topic: str, findings: list[str]) -> str:
    """Findings about {topic}:
    {findings}
    Summary in one sentence:"""


@ag.graph
def parallel_research(topic: str) -> str:
    findings = ag.parallel(
        lambda: ask("What is the history of " + topic + "?"),
        lambda: ask("How is " + topic + " used today?"),
        lambda: ask("What is the future of " + topic + "?"),
    )
    return synthesise(topic, ag.list(*findings))
