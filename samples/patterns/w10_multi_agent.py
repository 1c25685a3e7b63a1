"""Research and preparation at once, then a critique, then a synthesis."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, system="You are a researcher.", max_tokens=16)
def research(topic: str) -> str:
    """Tell one fact about {topic}."""


@ag.llm(model=MODEL, system="You are an editor.", max_tokens=16)
def prepare(topic: str) -> str:
    """Propose a title for an article about {topic}."""


@ag.llm(model=MODEL, system="You are a critic.", max_tokens=16)
def critique(fact: str, title: str) -> str:
    """Does the title "{title}" fit the fact "{fact}"?"""


@ag.llm(model=MODEL, system="You are a writer.", max_tokens=24)
def synthesise(fact: str, title: str, remark: str) -> str:
    """Title: {title}
    Fact: {fact}
    Remark: {remark}
    First sentence of the article:"""


@ag.graph
def multi_agent(topic: str) -> str:
    fact, title = ag.parallel(lambda: research(topic), lambda: prepare(topic))
    return synthesise(fact, title, critique(fact, title))
