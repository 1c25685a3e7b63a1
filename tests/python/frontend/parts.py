"""Decorated functions that several tests build graphs from."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal, TypedDict

from pydantic import BaseModel

import agentc as ag
from agentc import Passage

LLM = "smollm2-135m-instruct"
ENCODER = "all-minilm-l6-v2"
manual = ag.index("manual", path="docs/", embedder=ENCODER, chunk_tokens=64)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Step(BaseModel):
    text: str
    weight: float


class Plan(BaseModel):
    queries: list[str]
    steps: list[Step]
    needs_web: bool
    color: Color
    tone: Literal["dry", "warm"] = "dry"


@dataclass
class Score:
    value: int
    reason: str


class Pair(TypedDict):
    left: str
    right: int


@ag.llm(model=LLM)
def answer(question: str) -> str:
    """Answer: {question}"""


@ag.llm(model=LLM)
def answer_with(question: str, notes: list[Passage]) -> str:
    """{notes} {question}"""


@ag.llm(model=LLM)
def plan(question: str) -> Plan:
    """Plan {question}"""


@ag.llm(model=LLM)
def is_good(text: str) -> bool:
    """Is it good? {text}"""


@ag.llm(model=LLM)
def count(text: str) -> int:
    """Count the words: {text}"""


@ag.llm(model=LLM)
def color_of(text: str) -> Color:
    """Color of {text}"""


@ag.llm(model=LLM)
def names(text: str) -> list[str]:
    """Names in {text}"""


@ag.llm(model=LLM, session="main")
def chat(text: str) -> str:
    """{text}"""


@ag.retrieve(index=manual, k=3)
def search(query: str) -> list[Passage]: ...


@ag.rerank(model=ENCODER, k=2)
def best(query: str, docs: list[Passage]) -> list[Passage]: ...


@ag.embed(model=ENCODER)
def embed(text: str) -> ag.Embedding[384]: ...


@ag.embed(model=ENCODER)
def embed_all(texts: list[str]) -> list[ag.Embedding[384]]: ...


@ag.tool(effects="pure")
def shout(text: str) -> str:
    """Writes in capitals."""
    return text.upper()


@ag.tool(effects="pure")
def words(text: str) -> list[str]:
    return text.split()


@ag.tool(effects="pure")
def length(text: str) -> int:
    return len(text)


@ag.tool(effects="pure")
def ratio(text: str) -> float:
    return len(text) / 4


@ag.tool(effects="pure")
def is_long(text: str) -> bool:
    return len(text) > 8


@ag.tool
def send(text: str) -> str:
    return f"sent {text}"


@ag.tool(effects="idempotent")
async def fetch(text: str) -> str:
    return f"page of {text}"


@ag.tool(effects="pure")
def passage(text: str) -> Passage:
    return Passage("p", "tool", text, 0.5)
