"""Copies are found in the stream form."""

from agentc.codegen.copies import cache_sized_copies, copies

COPY = (
    "    stream.cmd.copy %a[%c0], %b[%c0], {0} : "
    "!stream.resource<*>{{{0}}} -> !stream.resource<*>{{{0}}}\n"
)
STREAM = (
    "    %c64 = arith.constant 64 : index\n"
    "    %c4096 = arith.constant 4096 : index\n"
    + "".join(map(COPY.format, ("%c64", "%c4096", "%17")))
    + "    stream.cmd.dispatch @x::@y(%c64 : index)\n"
)


def test_sizes_are_read():
    assert [c.size_bytes for c in copies(STREAM)] == [64, 4096, None]


def test_only_pool_sized_or_unknown_copies_count():
    assert [c.size_bytes for c in cache_sized_copies(STREAM, 4096)] == [4096, None]
    assert [c.size_bytes for c in cache_sized_copies(STREAM, 64)] == [64, 4096, None]
    assert cache_sized_copies("stream.cmd.dispatch @x::@y", 1) == []
