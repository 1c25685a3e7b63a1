"""Quantised products on every instruction set: against float64, and bit for bit whatever the
company of a row."""

from __future__ import annotations

import numpy as np
import pytest

from agentc.models.panels import MAX_INPUTS

from . import calling
from .linear_cases import EPS, OBJECTS, activations, allowed, matrix, product, run

every_object = pytest.mark.parametrize(("form", "variant"), OBJECTS)


def test_every_instruction_set_of_this_machine_has_an_object():
    assert OBJECTS
    assert len(OBJECTS) == 2 * len(calling.kernels.variants(calling.HOST))


@every_object
@pytest.mark.parametrize(
    ("outputs", "depth"), [(16, 32), (21, 64), (48, 96), (100, 576), (80, 4864), (16, 16384)]
)
def test_close_to_float64(form, variant, outputs, depth):
    m = matrix(form, outputs, depth)
    x = activations(7, depth)
    error = np.abs(product(m, variant, x) - x.astype(np.float64) @ m.values.T)
    assert (error <= allowed(x, m)).all()
    # Errors of many inputs cancel; a wrong one of them, or a wrong scale, would not.
    assert error.mean() <= allowed(x, m).mean() / np.sqrt(depth) * 2


@every_object
def test_activations_on_the_grid_are_exact(form, variant):
    """Whole numbers up to 127 in every group lose nothing: only f32 sums round."""
    m = matrix(form, 37, 1536)
    rng = np.random.default_rng(2)
    x = rng.integers(-127, 128, (13, 1536)).astype(np.float32)
    x[:, ::32] = rng.choice([-127, 127], (13, 48))
    x *= np.exp2(rng.integers(-20, 20, (13, 1))).astype(np.float32)
    terms = np.abs(x.astype(np.float64)) @ np.abs(m.values).T
    error = np.abs(product(m, variant, x) - x.astype(np.float64) @ m.values.T)
    assert (error <= 4 * 48 * EPS * terms).all()


@every_object
def test_bits_do_not_depend_on_company(form, variant):
    """A row alone, in any batch, in any split into workgroups."""
    m = matrix(form, 16 * 13 - 3, 576)
    x = activations(64, 576)
    whole = product(m, variant, x)
    for rows in (1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 17, 33):
        at = np.random.default_rng(rows).permutation(64)[:rows]
        np.testing.assert_array_equal(product(m, variant, np.ascontiguousarray(x[at])), whole[at])
    for groups in (2, 3, 4, 5, 8, 16, 40):
        np.testing.assert_array_equal(product(m, variant, x, groups), whole)
        np.testing.assert_array_equal(product(m, variant, x[:5], groups), whole[:5])


@every_object
def test_more_rows_than_fit_one_pass(form, variant):
    m = matrix(form, 32, 4864)
    x = np.tile(activations(40, 4864), (2, 1))
    whole = product(m, variant, x)
    np.testing.assert_array_equal(whole[:40], whole[40:])
    np.testing.assert_array_equal(whole[9:10], product(m, variant, x[9:10]))


@every_object
def test_extreme_activations(form, variant):
    m = matrix(form, 48, 96)
    x = activations(6, 96)
    x[0] = 0
    x[1, 40] = 1e6  # one outlier: the other inputs of its group lose their bits, no more
    x[2] *= np.float32(1e-40)  # subnormal: counts as zero
    x[3, :32] = 1e35  # sums stay finite
    x[4] = 0
    x[4, 95] = -1e-20
    y = product(m, variant, x)
    assert (y[0] == 0).all() and np.isfinite(y).all()
    error = np.abs(y - x.astype(np.float64) @ m.values.T)
    assert (error <= allowed(x, m)).all()
    assert (np.abs(y[4]) > 0).any()


@every_object
def test_columns_beyond_the_last_are_not_written(form, variant):
    m = matrix(form, 21, 64)
    x = activations(3, 64)
    y = np.full(3 * 21 + 16, np.nan, np.float32)
    run(form, variant, "linear", [x, m.panels, y], [3, 21, 64])
    assert np.isfinite(y[: 3 * 21]).all() and np.isnan(y[3 * 21 :]).all()


@every_object
def test_the_deepest_matrix_that_the_host_lets_through(form, variant):
    """One row of it is all that fits a worker's stack."""
    m = matrix(form, 16, MAX_INPUTS)
    x = activations(2, MAX_INPUTS)
    error = np.abs(product(m, variant, x) - x.astype(np.float64) @ m.values.T)
    assert (error <= allowed(x, m)).all()
