"""One long context, four questions: the context is computed once."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


CONTEXT = """The river Alma is eighty kilometres long. It begins in the hills of Tarn and ends in
the lake of Vell. Three bridges cross it; the oldest was built in 1712. Trout and pike live in it.
Every spring the children of the valley race paper boats from the first bridge to the second."""


@ag.llm(model=MODEL, system=CONTEXT, max_tokens=16)
def ask(question: str) -> str:
    """{question}"""


@ag.graph
def shared_prefix_fanout() -> tuple[str, str, str, str]:
    return ag.parallel(
        lambda: ask("How long is the river?"),
        lambda: ask("Where does it end?"),
        lambda: ask("When was the oldest bridge built?"),
        lambda: ask("Which fish live in it?"),
    )
