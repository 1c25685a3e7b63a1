"""Random matrices in panels, their products in float64, and the error that quantising allows."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from agentc.models.panels import GROUP, Quantised, nibbles, pack_panels

from . import calling

FORMS = ("q4", "q8")
OBJECTS = [(form, v) for form in FORMS for v in calling.objects(f"linear_{form}")]
EPS = 2.0**-24
"""Rounding of one f32 operation."""


@dataclass
class Matrix:
    """A random matrix: `panels` for the kernels, `values` f64 [outputs, inputs]."""

    form: str
    panels: np.ndarray
    values: np.ndarray

    @property
    def outputs(self) -> int:
        return len(self.values)


@functools.lru_cache(maxsize=64)
def matrix(form: str, outputs: int, inputs: int, seed: int = 0) -> Matrix:
    """All codes occur, 0 included; scales differ by group, some of them f16 subnormals."""
    rng = np.random.default_rng([seed, outputs, inputs])
    shape = outputs, inputs // GROUP
    scales = (rng.uniform(0.5, 2, shape) * rng.choice([1, 1, 1, 1e-6], shape) * 0.02).astype("f2")
    wide = scales.astype(np.float64)[..., None]
    if form == "q8":
        codes = rng.integers(0, 256, (*shape, GROUP), dtype=np.uint8)
        values, quantised = wide * (codes.astype(np.float64) - 128), Quantised(codes, scales)
    else:
        codes = rng.integers(0, 16, (*shape, GROUP), dtype=np.uint8)
        minima = (rng.uniform(-12, 2, shape) * scales).astype("f2")
        values = wide * codes + minima.astype(np.float64)[..., None]
        quantised = Quantised(nibbles(codes), scales, minima)
    return Matrix(form, pack_panels(quantised), values.reshape(outputs, inputs))


def activations(rows: int, depth: int, seed: int = 1) -> np.ndarray:
    """f32 rows of very different sizes."""
    rng = np.random.default_rng([seed, depth])
    sizes = np.exp(rng.normal(0, 2, (64, 1)))
    return (rng.standard_normal((64, depth)) * sizes).astype(np.float32)[:rows]


def rms_norm(x: np.ndarray, factors: np.ndarray, eps: float) -> np.ndarray:
    """RMSNorm of each row (Zhang and Sennrich, 2019) in f64."""
    x = x.astype(np.float64)
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * factors


def allowed(x: np.ndarray, m: Matrix) -> np.ndarray:
    """The largest error of x W^T [rows, outputs] with x in 8 bits.

    An activation is off by at most half a step, max|group| / 254; a weight multiplies that. On top
    come f32 roundings: relative to the sizes of the summed terms, a few for each block, and a few
    for what made x (a norm).
    """
    x = np.abs(x.astype(np.float64))
    groups = x.reshape(len(x), -1, GROUP)
    half_step = np.repeat(groups.max(-1), GROUP, axis=-1) / 254
    weights = np.abs(m.values)
    # The format's own terms: scale * code and minimum, or scale * (code - 128), are up to this.
    terms = np.abs(m.values).reshape(m.outputs, -1, GROUP).max(-1, keepdims=True)
    sizes = np.broadcast_to(2 * terms, (*terms.shape[:2], GROUP)).reshape(m.values.shape)
    roundings = (3 * groups.shape[1] + 16) * EPS
    return half_step @ weights.T * (1 + 1e-5) + roundings * (x @ sizes.T) + 1e-30


def run(form, variant, name, buffers, scalars, groups=1):
    """Calls all workgroups of `agentc_<name>_<form>`; float scalars travel as their bits."""
    words = [calling.float_bits(s) if isinstance(s, float) else s for s in scalars]
    calling.library(f"linear_{form}", variant).run(f"{name}_{form}", buffers, words, groups)


def product(m: Matrix, variant: str, x: np.ndarray, groups: int = 1) -> np.ndarray:
    """`linear`: x W^T as the kernel computes it; every element is written."""
    y = np.full((len(x), m.outputs), np.nan, np.float32)
    scalars = [len(x), m.outputs, x.shape[1]]
    run(m.form, variant, "linear", [x, m.panels, y], scalars, groups)
    return y
