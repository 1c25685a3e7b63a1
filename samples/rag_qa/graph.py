"""Answer a question from a folder of documents, and name the sources.

question -> vector search (8 passages) -> rerank (1) -> answer by a small language model.
"""

import agentc as ag
from agentc import Passage

handbook = ag.index("handbook", path="docs/", embedder="all-minilm-l6-v2", chunk_tokens=64)


@ag.retrieve(index=handbook, k=8)
def search(question: str) -> list[Passage]: ...


@ag.rerank(model="all-minilm-l6-v2", k=1)
def best(question: str, passages: list[Passage]) -> list[Passage]: ...


@ag.llm(
    model="smollm2-135m-instruct",
    system="You find the answer to a question in a text. You answer with words of the text.",
    max_tokens=48,
    out_tokens=ag.lognormal(p50=16, p95=44),
    stream=True,
)
def answer(question: str, notes: list[Passage]) -> str:
    """Text: {notes}

    Question: {question}
    Answer with one sentence of the text:"""


@ag.graph(sla=ag.SLA(p95="20s"), budget=ag.Budget(tokens=4_000))
def rag_qa(question: str) -> tuple[str, list[Passage]]:
    notes = best(question, search(question))
    return answer(question, notes), notes
