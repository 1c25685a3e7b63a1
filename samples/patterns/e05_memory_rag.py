"""Remember texts as embeddings in an index, and answer from the nearest."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


notes = ag.index("notes", path="notes.jsonl", embedder="all-minilm-l6-v2")


@ag.retrieve(index=notes, k=2)
def recall(question: str) -> list[ag.Passage]: ...


@ag.llm(model=MODEL, max_tokens=24)
def answer(question: str, memory: list[ag.Passage]) -> str:
    """{memory}
    {question}"""


@ag.graph
def memory_rag(question: str) -> tuple[str, list[ag.Passage]]:
    memory = recall(question)
    return answer(question, memory), memory
