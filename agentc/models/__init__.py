"""Models: weights in, tensor programs and packed parameters out. Start with README.md.

`resolve` is light; `build`, `build_all` and `dims` load the weight and code generation libraries
on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentc.models.registry import ModelSource, known_models, resolve

if TYPE_CHECKING:
    from agentc.models.builder import (
        BuildRequest,
        BuiltModel,
        build,
        build_all,
        dims,
        precisions,
        tokenizer_json,
    )

__all__ = [
    "BuildRequest",
    "BuiltModel",
    "ModelSource",
    "build",
    "build_all",
    "dims",
    "known_models",
    "precisions",
    "resolve",
    "tokenizer_json",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from agentc.models import builder

        return getattr(builder, name)
    raise AttributeError(f"module 'agentc.models' has no attribute '{name}'")
