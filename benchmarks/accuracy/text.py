"""The text that perplexity is measured on, and the prompts whose answers are compared.

The text is the Python language reference as the standard library carries it (`pydoc_data`): real
prose and code, the same on every machine with the same Python, and free to use.
"""

from __future__ import annotations

import hashlib
import pydoc_data.topics
from itertools import product

TOPICS = (
    "the tides", "bread", "a steam engine", "the moon", "glass", "photosynthesis", "a violin",
    "volcanoes", "paper", "a compass", "honey", "the Roman calendar", "rain", "an elevator",
    "chess", "salt", "a telescope", "migrating birds", "concrete", "the printing press",
)  # fmt: skip
QUESTIONS = (
    "What is {}?",
    "Explain {} to a child.",
    "Write two sentences about {}.",
    "Name three facts about {}.",
    "Why is {} important?",
    "Write a short poem about {}.",
    "How would you describe {} to somebody who has never seen it?",
    "Give me a list of words that have to do with {}.",
    "What do most people get wrong about {}?",
    "Translate into French: I would like to learn more about {}.",
)


def corpus() -> str:
    """The text, in a fixed order."""
    topics = pydoc_data.topics.topics
    return "\n\n".join(topics[name] for name in sorted(topics))


def corpus_name() -> str:
    """What identifies it in a result."""
    digest = hashlib.sha256(corpus().encode()).hexdigest()[:12]
    return f"pydoc_data.topics of Python, sha256 {digest}"


def prompts() -> list[str]:
    """200 questions of ten kinds."""
    return [question.format(topic) for question, topic in product(QUESTIONS, TOPICS)]
