"""Read two memories, answer, write both back."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


MEMORY: dict[str, str] = {"short": "The user is called Ada.", "long": "Ada likes chess."}


@ag.tool(effects="idempotent", reads=["memory"])
def recall(space: str) -> str:
    """Reads a memory."""
    return MEMORY[space]


@ag.tool(effects="idempotent", writes=["memory"])
def remember(space: str, text: str) -> str:
    """Writes a memory."""
    MEMORY[space] = text
    return text


@ag.llm(model=MODEL, max_tokens=16)
def ask(question: str, short: str, long: str) -> str:
    """{short} {long} {question}"""


@ag.graph
def memory_augmented(question: str) -> tuple[str, str, str]:
    answer = ask(question, recall("short"), recall("long"))
    return answer, remember("short", question), remember("long", answer)
