"""A binary for another processor is refused by name, before it is loaded."""

from __future__ import annotations

import msgspec
import pytest

from agentc import processor
from agentc.errors import PackageError
from agentc.plan import Binary
from agentc.runtime.backends.processor import check_processor

BINARY = Binary("models/m/cpu.vmfb", "", "local-task", "forward", "i4")


def needing(*features):
    return msgspec.structs.replace(BINARY, requires=features)


def test_missing_features_are_named(monkeypatch):
    monkeypatch.setattr(processor, "description", lambda: "x86_64 avx2 f16c pni")
    check_processor(needing("x86_64", "avx2"))
    check_processor(BINARY)
    with pytest.raises(PackageError, match=r"m/cpu\.vmfb .* lacks avx512_vnni, avx512f; compile"):
        check_processor(needing("x86_64", "avx2", "avx512_vnni", "avx512f"))
    with pytest.raises(PackageError, match="lacks aarch64, asimddp"):
        check_processor(needing("aarch64", "asimddp"))


def test_a_system_that_does_not_tell_refuses_nothing(monkeypatch):
    monkeypatch.setattr(processor, "description", lambda: "arm64 Apple M3")
    assert processor.features() == frozenset()
    check_processor(needing("aarch64", "asimddp"))


def test_this_machine_runs_what_is_made_for_it():
    assert processor.missing(processor.used_features()) == ()
