"""Torch modules become programs that compute what torch computes."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from agentc.errors import CompileError
from agentc.models import torch_module
from agentc.models.torch_module import TensorSpec

from .harness import Session

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")


class Scorer(torch.nn.Module):
    """Linear layers, a normalisation with running state, a buffer outside the state, two inputs
    and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(12, 8)
        self.norm = torch.nn.BatchNorm1d(8)
        self.last = torch.nn.Linear(8, 3)
        self.register_buffer("shift", torch.randn(8), persistent=False)

    def forward(self, x, y):
        hidden = torch.nn.functional.gelu(self.norm(self.first(x)) + self.shift)
        return torch.softmax(self.last(hidden), -1), hidden.sum() + y


class Branching(torch.nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


def run(built, *arrays):
    session = Session(built.vmfb.path, built.archive.path, torch_module.ENTRY)
    results = session.run(list(arrays), len(built.outputs))
    session.close()
    return results


def test_module_computes_what_torch_computes():
    torch.manual_seed(0)
    module = Scorer()
    module.norm.running_mean += 0.5
    module.train()
    built = torch_module.build_module(module, [TensorSpec((4, 12)), TensorSpec(())], "local-task")
    assert module.training, "the user's module must be left as it was"
    assert built.outputs == (TensorSpec((4, 3)), TensorSpec(()))
    x = np.random.default_rng(0).standard_normal((4, 12)).astype(np.float32)
    y = np.array(2.5, np.float32)
    found = run(built, x, y)
    with torch.no_grad():
        expected = module.eval()(torch.tensor(x), torch.tensor(y))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)


def test_weights_are_parameters_and_not_text():
    module = torch.nn.Linear(300, 200)
    program = torch_module.export_module(module, [TensorSpec((1, 300))])
    assert len(program.text) < 10_000
    assert set(program.weights) == {"weight", "bias"}
    before = torch_module.build_module(module, [TensorSpec((1, 300))], "local-task")
    with torch.no_grad():
        module.bias += 1
    after = torch_module.build_module(module, [TensorSpec((1, 300))], "local-task")
    assert after.vmfb.cached and after.archive.sha256 != before.archive.sha256


@pytest.mark.parametrize(
    ("module", "inputs", "message"),
    [
        (Branching(), [TensorSpec((3,))], "'Branching' cannot be exported"),
        (torch.nn.Linear(4, 2), [TensorSpec((1, 5))], "'Linear' cannot be exported"),
        (torch.nn.Linear(4, 2), [TensorSpec((1, 4), "c64")], "input of type c64, expected one of"),
        (
            torch.nn.Linear(4, 2).bfloat16(),
            [TensorSpec((1, 4))],
            "'weight' of .* has type bfloat16",
        ),
    ],
)
def test_what_cannot_be_exported_is_one_error(module, inputs, message):
    with pytest.raises(CompileError, match=message):
        torch_module.build_module(module, inputs, "local-task")


def test_missing_torch_mlir_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_mlir", None)
    with pytest.raises(CompileError, match=r"pip install 'agentc\[torch\]'"):
        torch_module.export_module(torch.nn.Linear(4, 2), [TensorSpec((1, 4))])
