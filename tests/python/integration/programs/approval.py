"""A person decides, and her answer goes on: an interrupt with a record, and one with text."""

from pydantic import BaseModel

import agentc as ag

MODEL = "smollm2-135m-instruct"


class Decision(BaseModel):
    """What the person says."""

    approved: bool
    note: str


@ag.llm(model=MODEL, max_tokens=8)
def draft(topic: str) -> str:
    """One line about {topic}:"""


@ag.llm(model=MODEL, max_tokens=8)
def rewrite(text: str, note: str) -> str:
    """Rewrite "{text}". Note: {note}"""


@ag.graph
def approval(topic: str) -> tuple[str, str]:
    text = draft(topic)
    decision = ag.interrupt(text, schema=Decision, name="decision", timeout="60s")
    final = ag.cond(decision.approved, lambda: text, lambda: rewrite(text, decision.note))
    return final, ag.interrupt(name="signature")
