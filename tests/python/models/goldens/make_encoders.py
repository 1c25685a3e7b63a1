"""Writes encoder_outputs.npz: what `transformers` computes for small random encoders.

    pip install torch transformers
    python tests/python/models/goldens/make_encoders.py

The file holds embeddings or scores and a digest of the weights; configs and weights come from
`tiny_encoders.py` and a seed. Tests compare with it where `transformers` is not installed, and
remake it where it is.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from models import tiny_encoders
from models.goldens.make import digest

FILE = Path(__file__).with_name("encoder_outputs.npz")
TEXTS = ("w5 w77 w12 w40 w4", "w9", " ".join(f"w{4 + i * 7 % 90}" for i in range(30)))
QUERY = "w8 w30 w30 w61"


def transformers_outputs(folder: Path, scores: bool, output: str) -> np.ndarray:
    """Returns the embeddings of `TEXTS`, or their scores for `QUERY`, f64."""
    import torch
    import transformers

    kind = "AutoModelForSequenceClassification" if scores else "AutoModel"
    model = getattr(transformers, kind).from_pretrained(
        folder, dtype=torch.float64, attn_implementation="eager"
    )
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    rows = []
    for text in TEXTS:
        given = tokenizer(*([QUERY, text] if scores else [text]), return_tensors="pt")
        given["token_type_ids"] = _type_ids(tokenizer, text, scores, given)
        with torch.no_grad():
            found = model.eval()(**given)
        if scores:
            rows.append(found.logits[0, 0].numpy())
            continue
        tokens = found.last_hidden_state[0].numpy()
        pooled = tokens.mean(0) if output == "mean" else tokens[0]
        rows.append(pooled / np.linalg.norm(pooled))
    return np.stack(rows)


def _type_ids(tokenizer: Any, text: str, scores: bool, given: Any) -> Any:
    """The template's types, whether the wrapper passes them on or not."""
    import torch

    own = tokenizer.backend_tokenizer
    encoded = own.encode(QUERY, text) if scores else own.encode(text)
    assert encoded.ids == given["input_ids"][0].tolist()
    return torch.tensor([encoded.type_ids])


def main() -> None:
    """Writes `FILE`."""
    arrays: dict[str, np.ndarray] = {}
    for name in tiny_encoders.CASES:
        kind, config, weights = tiny_encoders.case(name)
        with tempfile.TemporaryDirectory() as temporary:
            folder = tiny_encoders.write_encoder_folder(Path(temporary), kind, config, weights)
            found = transformers_outputs(folder, config.scores, config.output)
        arrays[name] = found.astype(np.float32)
        arrays[f"{name}: weights"] = np.array(digest(weights))
    np.savez_compressed(FILE, **arrays)  # type: ignore[arg-type]  # its stub asks for a bool
    print(f"{FILE.name}: {len(tiny_encoders.CASES)} cases, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
