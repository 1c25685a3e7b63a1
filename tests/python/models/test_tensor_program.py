"""The builder refuses what does not fit, and what it prints is valid and computes what it says."""

from __future__ import annotations

import numpy as np
import pytest

from agentc.codegen import iree, pack
from agentc.models.scalar_body import TensorProgramError
from agentc.models.shape_ops import collapse, columns, expand, scatter_rows
from agentc.models.tensor_module import Argument, Tensor, TensorModule, verify
from agentc.models.tensor_program import Function

from .conftest import HOST
from .harness import Session


def function(*arguments):
    module = TensorModule("test")
    return module, Function(module, "main", arguments)


X = Argument("x", ("N", 6))
I = Argument("i", ("N",), "i32")  # noqa: E741


def test_program_computes():
    """Every kind of operation once, against numpy."""
    module, f = function(X, I)
    doubled = f.map(
        "nd,n->nd", f["x"], f["i"], body=lambda b, x, i: x * 2.0 + b.select(i.le(2), x, 0)
    )
    total = f.reduce("nd->n", doubled, body=lambda b, acc, x: acc + x)
    top = f.reduce("nd->d", doubled, body=lambda b, acc, x: acc.max(x), start=-1e30)
    product = f.matmul(doubled, f.parameter("w", (4, 6)))
    left = columns(f, product, 1, 2)
    parity = f.map("n->n", f["i"], body=lambda b, i: ((i.index() + 7) % 2).i32(), element="i32")
    rows = scatter_rows(f, left, f["i"], f.full(("N", 2), 9.0))
    cube = expand(f, f["x"], ((0,), (1, 2)), ("N", 2, 3))
    flat = collapse(f, cube, ((0,), (1, 2)), ("N", 6))
    f.finish([total, top, rows, parity, flat])
    verify(module.text())

    weight = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)
    binary = iree.compile(module.text(), HOST)
    archive = pack.pack({"w": ((4, 6), "f32")}, lambda _: weight, "test program")
    session = Session(binary.path, archive.path, "main")
    x = np.random.default_rng(1).standard_normal((5, 6)).astype(np.float32)
    i = np.array([4, 2, 0, 1, 3], np.int32)
    found = session.run([x, i], 5)
    session.close()

    d = x * 2 + np.where(i[:, None] <= 2, x, 0)
    scattered = np.empty((5, 2), np.float32)
    scattered[i] = (d @ weight.T)[:, 1:3]
    for ours, theirs in zip(found, [d.sum(1), d.max(0), scattered, (i + 7) % 2, x], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_updated_argument_is_consumed_and_aliased():
    module, f = function(Argument("pool", ("N", 4), updated=True))
    f.finish([], {"pool": f.map("nd->nd", f["pool"], body=lambda b, v: v + 1.0)})
    assert "hal.tensor.import consume %pool_view" in module.text()
    assert "hal.tensor.alias" in module.text() and module.exports == ["main"]
    verify(module.text())


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda f: f.map("nd->nd", f["i"], body=lambda b, v: v), "does not fit tensor<\\?xi32>"),
        (lambda f: f.map("nd,d->nd", f["x"], body=lambda b, v: v), "names 2 inputs, found 1"),
        (lambda f: f.map("nd,nn->nd", f["x"], f["x"], body=lambda b, v, w: v), "is N and 6"),
        (lambda f: f.map("nd->nk", f["x"], body=lambda b, v: v), "how long \\['k'\\]"),
        (lambda f: f.map("n->n", f["i"], body=lambda b, v: v), "yields i32, expected f32"),
        (lambda f: f.map("n->n", f["i"], body=lambda b, v: v + 1.5), "must be an int, not 1.5"),
        (lambda f: f.map("n->n", f["i"], body=lambda b, v: v.exp()), "exp needs a float"),
        (lambda f: f.map("n->n", f["i"], body=lambda b, v: v + v.index()), "differ in type"),
        (lambda f: f.map("nd->nd", f["x"], body=lambda b, v: v.index()), "no cast from f32"),
        (lambda f: f.map("n->n", f["i"], body=lambda b, v: b.select(v, v, v)), "must be i1"),
        (lambda f: f.map("n->n", f["i"], body=lambda b, v: b.read(f["x"], v)), "needs 2 indices"),
        (lambda f: f.map("n->n", f["i"], body=lambda b, v: b.loop_index("z")), "no loop 'z'"),
        (lambda f: f.matmul(f["x"], f.parameter("w", (4, 5))), "matmul of"),
        (lambda f: columns(f, f["x"], 4, 3), "no columns 4..7"),
        (lambda f: expand(f, f["x"], ((0,), (1, 2)), ("N", 2, 4)), "do not multiply up to 6"),
        (lambda f: collapse(f, f["x"], ((0,),), ("N",)), "do not fit"),
        (lambda f: scatter_rows(f, f["x"], f["i"], f.full(("N", 5), 0)), "cannot scatter"),
        (
            lambda f: (f.parameter("p", (2,)), f.module.declare("p", (3,))),
            "parameter 'p' declared as",
        ),
        (lambda f: (f.parameter("p", (2,)), f.parameter("p", (3,))), "used with shape"),
    ],
)
def test_misfits_are_refused_where_they_are_built(build, message):
    _, f = function(X, I)
    with pytest.raises(TensorProgramError, match=message):
        build(f)


def test_verify_refuses_invalid_text():
    module, f = function(X)
    f.raw(["%bad = arith.addf %x, %x : tensor<3xf32>"])
    f.finish([f["x"]])
    with pytest.raises(TensorProgramError, match="is not valid"):
        verify(module.text())


def test_tensor_prints_its_type():
    tensor = Tensor("%t", ("N", 3, "M"), "i32")
    assert tensor.type == "tensor<?x3x?xi32>" and tensor.annotated == tensor.type + "{%N, %M}"
