"""The tokens that all systems get, made the same way for each."""

from __future__ import annotations

import random

FILL_TOKEN = 9
STEP_TOKEN = 7
LOWEST, HIGHEST = 1000, 40000
"""Ordinary tokens of the vocabulary: above its special ones."""


def prompt_tokens(count: int, seed: int = 0) -> list[int]:
    """`count` random ordinary tokens; other seeds give prompts that share no prefix."""
    draw = random.Random(seed)
    return [draw.randrange(LOWEST, HIGHEST) for _ in range(count)]
