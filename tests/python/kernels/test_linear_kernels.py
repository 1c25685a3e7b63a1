"""Every kernel of linear_q4 and linear_q8: what surrounds the product, against float64."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from .linear_cases import OBJECTS, activations, allowed, matrix, rms_norm, run

every_object = pytest.mark.parametrize(("form", "variant"), OBJECTS)
DEPTH, COLUMNS, NORM_EPS = 96, 53, 1e-5
STEEPEST = 1.13
"""The largest slope of SiLU and GELU."""


@pytest.fixture
def x():
    return activations(9, DEPTH)


@pytest.fixture
def factors():
    return np.random.default_rng(3).normal(1, 0.5, DEPTH).astype(np.float32)


def f32(*shape, seed=4):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def check(form, variant, name, operands, scalars, expected, error):
    """Runs a kernel whole and in shares: close to `expected`, and the same bits."""
    found = []
    for groups in (1, 3):
        y = np.full(expected.shape, np.nan, np.float32)
        run(form, variant, name, [*operands, y], scalars, groups)
        found.append(y)
    np.testing.assert_array_equal(*found)
    assert (np.abs(found[0] - expected) <= error).all()


@every_object
def test_linear_add(form, variant, x):
    m, residual = matrix(form, COLUMNS, DEPTH), f32(9, COLUMNS)
    expected = residual + x.astype(np.float64) @ m.values.T
    scalars = [9, COLUMNS, DEPTH]
    error = allowed(x, m) + 1e-6 * (1 + np.abs(expected))
    check(form, variant, "linear_add", [x, residual, m.panels], scalars, expected, error)


@every_object
def test_norm_add(form, variant, x, factors):
    residual = f32(9, DEPTH)
    expected = residual + rms_norm(x, factors, NORM_EPS)
    operands, scalars = [x, residual, factors], [9, DEPTH, NORM_EPS]
    error = 1e-6 * (np.abs(residual) + np.abs(expected - residual) + 1e-6)
    check(form, variant, "norm_add", operands, scalars, expected, error)


@every_object
def test_norm_linear_and_head(form, variant, x, factors):
    m, normed = matrix(form, COLUMNS, DEPTH), rms_norm(x, factors, NORM_EPS)
    expected, error = normed @ m.values.T, allowed(normed, m) * 1.001
    scalars = [9, COLUMNS, DEPTH, NORM_EPS]
    check(form, variant, "norm_linear", [x, factors, m.panels], scalars, expected, error)

    picked = np.array([8, 0, 3, 3], np.int32)
    scalars = [4, COLUMNS, DEPTH, NORM_EPS]
    operands = [x, picked, factors, m.panels]
    check(form, variant, "head", operands, scalars, expected[picked], error[picked])


ACTIVATIONS = {
    "norm_silu": lambda z: z / (1 + np.exp(-z)),
    "norm_gelu": lambda z: 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
}


@every_object
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("width", [16, 37, 80])
def test_gated(form, variant, x, factors, name, width):
    """Panels of gate and up alternate."""
    padded = -(-width // 16) * 16
    m, normed = matrix(form, 2 * padded, DEPTH), rms_norm(x, factors, NORM_EPS)
    both = (normed @ m.values.T).reshape(9, -1, 2, 16).swapaxes(1, 2).reshape(9, 2, padded)
    slack = allowed(normed, m).reshape(9, -1, 2, 16).swapaxes(1, 2).reshape(9, 2, padded) * 1.001
    (gate, up), (gate_error, up_error) = both.swapaxes(0, 1), slack.swapaxes(0, 1)
    expected = ACTIVATIONS[name](gate) * up
    error = STEEPEST * gate_error * (np.abs(up) + up_error) + (np.abs(gate) + gate_error) * up_error
    error += 1e-5 * np.abs(expected) + 1e-6
    scalars = [9, width, DEPTH, NORM_EPS]
    operands = [x, factors, m.panels]
    check(form, variant, name, operands, scalars, expected[:, :width], error[:, :width])


@every_object
def test_bias_family(form, variant, x):
    m, bias, residual = matrix(form, COLUMNS, DEPTH), f32(COLUMNS), f32(9, COLUMNS, seed=5)
    z = x.astype(np.float64) @ m.values.T + bias
    error = allowed(x, m) + 1e-6 * (1 + np.abs(z))
    scalars = [9, COLUMNS, DEPTH]
    check(form, variant, "bias", [x, bias, m.panels], scalars, z, error)
    operands = [x, bias, residual, m.panels]
    check(form, variant, "bias_add", operands, scalars, z + residual, error * 1.01)
    gelu = 0.5 * z * (1 + erf(z / np.sqrt(2)))
    check(form, variant, "bias_gelu", [x, bias, m.panels], scalars, gelu, STEEPEST * error)


@every_object
def test_activation_functions_far_out(form, variant):
    """Gates from -1e30 to 1e30 through one weight: finite, and right to f32."""
    gate = np.concatenate([-np.logspace(-6, 30, 60), np.logspace(-6, 15, 60)])
    x = np.zeros((len(gate), 32), np.float32)
    x[:, 0] = gate
    m = matrix(form, 32, 32)
    weight = m.values[:, 0]
    y = np.empty((len(gate), 32), np.float32)
    run(form, variant, "bias_gelu", [x, np.zeros(32, np.float32), m.panels, y], [len(gate), 32, 32])
    z = x[:, :1].astype(np.float64) * weight
    expected = 0.5 * z * (1 + erf(z / np.sqrt(2)))
    assert np.isfinite(y).all()
    np.testing.assert_allclose(y, expected, atol=2e-6, rtol=2e-4 if form == "q4" else 1e-5)


@every_object
@pytest.mark.parametrize("scale", [1.0, 24.0])
def test_embed(form, variant, scale):
    m = matrix(form, 70, DEPTH)
    tokens = np.random.default_rng(6).integers(0, 70, 33).astype(np.int32)
    expected = scale * m.values[tokens]
    error = 4e-7 * scale * np.abs(m.values).max() + 1e-12
    check(form, variant, "embed", [tokens, m.panels], [33, DEPTH, scale], expected, error)
