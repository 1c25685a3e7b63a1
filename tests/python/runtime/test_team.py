"""The kernels' own threads: bits do not depend on how many there are, who calls, or who is late."""

import contextlib
import threading

import numpy as np
import pytest

from agentc import models
from agentc.errors import PackageError
from agentc.runtime.backends import team
from agentc.runtime.backends.forward import FlatBatch, IreeForward
from agentc.runtime.backends.iree import IreeDevice

ROWS = 40


@pytest.fixture(scope="module")
def built():
    return models.build(models.resolve("smollm2-135m-instruct"), "local-task", precision="i4")


@contextlib.contextmanager
def opened(device, built):
    forward = IreeForward(
        device.load(built.vmfb, built.archive.path),
        entry=built.entry,
        vocabulary=built.dims["vocab"],
        context_tokens=built.dims["context"],
        pages=9,
        page_tokens=16,
        page_shape=built.page_shape,
        page_dtype=np.dtype(np.float16),
    )
    with contextlib.closing(forward):
        yield forward


def batch(rows=ROWS):
    tokens = np.random.default_rng(0).integers(0, 40000, rows)
    table = [[1, 2, 3]]
    arrays = (tokens, range(rows), [0] * rows, table, [0, rows - 1])
    return FlatBatch(*(np.asarray(a, np.int32) for a in arrays))


def logits(forward, given):
    found = forward(given)
    return np.stack([found.row(0), found.row(1)])


@pytest.fixture(scope="module")
def expected(built):
    with IreeDevice("local-sync") as device, opened(device, built) as forward:
        return logits(forward, batch())


@pytest.mark.parametrize("size", [0, 1, 2, 5])
def test_bits_do_not_depend_on_the_number_of_threads(built, expected, size):
    with IreeDevice("local-task", size) as device, opened(device, built) as forward:
        for _ in range(3):
            np.testing.assert_array_equal(logits(forward, batch()), expected)


def test_callers_of_one_team_do_not_disturb_one_another(built, expected):
    """Three engines on a device of four threads: one at a time has the helpers, the rest work
    alone."""
    wrong = []

    def call(forward):
        for _ in range(6):
            if not np.array_equal(logits(forward, batch()), expected):
                wrong.append(forward)

    with IreeDevice("local-task", 4) as device, contextlib.ExitStack() as stack:
        forwards = [stack.enter_context(opened(device, built)) for _ in range(3)]
        callers = [threading.Thread(target=call, args=(forward,)) for forward in forwards]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert not wrong


def helpers():
    return [t for t in threading.enumerate() if t.name.startswith("agentc-helper")]


def test_helpers_end_with_their_device(built):
    before = len(helpers())
    device = IreeDevice("local-task", 3)
    with opened(device, built) as forward:
        assert len(helpers()) == before + 2
        forward(batch())
    device.close()
    assert len(helpers()) == before
    device.close()


def test_helpers_sleep_and_come_back():
    made = team.Team(3)
    for _ in range(50):
        with made.awake():
            pass
    threading.Event().wait(0.01)  # longer than they linger
    with made.awake():
        pass
    made.close()
    made.close()
    assert not made._helpers


def test_an_installation_without_the_library(monkeypatch, tmp_path):
    monkeypatch.setattr(team, "_folders", lambda: [tmp_path])
    team._library.cache_clear()
    try:
        with pytest.raises(PackageError, match="found no libagentc_team"):
            team.Team(2)
    finally:
        team._library.cache_clear()
