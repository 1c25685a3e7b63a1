"""Writes decoder_logits.npz: what `transformers` computes for small random models of each family.

    pip install torch==2.13.0 transformers==5.23.0
    python tests/python/models/goldens/make.py

The file holds logits and a digest of the weights; configs and weights come from `tiny.py` and a
seed. Tests compare with it where `transformers` is not installed, and remake it where it is.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agentc.models.config import DecoderConfig, RopeScaling
from models import tiny, tiny_folders

FILE = Path(__file__).with_name("decoder_logits.npz")
SEED = 7
TOKENS = np.random.default_rng(SEED).integers(0, 61, 60).tolist()
"""Longer than the windows of the windowed models (21)."""
ROWS = (0, 1, 5, 20, 21, 22, 37, 58, 59)
"""The positions whose logits are kept."""
LLAMA3 = RopeScaling("llama3", factor=8.0, original_context=64)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama, tied": ("llama", {}),
    "llama, own head": ("llama", {"tied": False}),
    "llama 3 scaling": ("llama", {"rope_scaling": LLAMA3, "rope_base": 5e5}),
    "linear scaling": ("llama", {"rope_scaling": RopeScaling("linear", factor=4.0)}),
    "mistral, window": ("mistral", {}),
    "mistral, no window, tied": ("mistral", {"windows": (), "tied": True}),
    "qwen2": ("qwen2", {}),
    "qwen2, own head": ("qwen2", {"tied": False, "rope_base": 1e6}),
    "qwen2, second layer with a window": ("qwen2", {"windows": (0, 21)}),
    "qwen3, own head": ("qwen3", {}),
    "qwen3, tied": ("qwen3", {"tied": True}),
    "gemma3": ("gemma3", {}),
    "gemma3, own head": ("gemma3", {"tied": False, "rope_scaling": RopeScaling()}),
    "gemma3, usual query scale": ("gemma3", {"attention_scale": 0.0, "windows": (21, 21)}),
}


def case(name: str) -> tuple[DecoderConfig, dict[str, np.ndarray]]:
    """Returns config and weights of one of `CASES`."""
    family, changes = CASES[name]
    # transformers wants the width to be a multiple of the heads.
    scale = {"embedding_scale": 54**0.5} if family == "gemma3" else {}
    config = tiny.family_config(family, **{"d_model": 54, **scale, **changes})
    return config, tiny.decoder_weights(config, SEED)


def digest(weights: dict[str, np.ndarray]) -> str:
    """Returns what tells whether the weights are those that the logits were computed with."""
    total = hashlib.sha256()
    for name in sorted(n for n in weights if not n.startswith("rope")):
        total.update(name.encode() + weights[name].tobytes())
    return total.hexdigest()


def transformers_logits(folder: Path) -> np.ndarray:
    """Returns the logits of `ROWS`, f64, as transformers computes them from a model folder."""
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float64, attn_implementation="eager"
    )
    with torch.no_grad():
        logits = model.eval()(torch.tensor([TOKENS])).logits[0].numpy()
    kept: np.ndarray = logits[list(ROWS)]
    return kept


def main() -> None:
    """Writes `FILE`."""
    arrays: dict[str, np.ndarray] = {}
    for name in CASES:
        config, weights = case(name)
        with tempfile.TemporaryDirectory() as folder:
            tiny_folders.write_decoder_folder(Path(folder), config, weights)
            arrays[name] = transformers_logits(Path(folder)).astype(np.float32)
        arrays[f"{name}: weights"] = np.array(digest(weights))
    np.savez_compressed(FILE, **arrays)  # type: ignore[arg-type]  # its stub asks for a bool
    print(f"{FILE.name}: {len(CASES)} cases, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
