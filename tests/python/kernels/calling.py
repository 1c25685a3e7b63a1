"""Calls compiled kernels without a program around them: each object as a shared library."""

from __future__ import annotations

import ctypes
import struct
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from iree.compiler.tools import binaries

from agentc.codegen import kernels
from agentc.codegen.targets import TargetSpec

HOST = TargetSpec("local-task")


def objects(family: str) -> dict[str, Path]:
    """The objects of a family that this machine can run, by variant."""
    found = {}
    for variant in kernels.variants(HOST):
        for folder in kernels.folders():
            path = folder / f"{family}.{variant}.o"
            if path.is_file():
                found.setdefault(variant, path)
    return found


class Library:
    """The functions of one object."""

    def __init__(self, path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            visible, shared = Path(folder, "kernel.o"), Path(folder, "kernel.so")
            visible.write_bytes(_with_default_visibility(path.read_bytes()))
            linker = binaries.find_tool("iree-lld")
            flags = ["-flavor", "gnu", "-shared", "-o", str(shared), str(visible)]
            subprocess.run([linker, *flags], check=True)
            self._library = ctypes.CDLL(str(shared))

    def call(self, name, buffers, scalars, group=0, groups=1):
        """Calls `agentc_<name>` as one workgroup of `groups`; kernels/abi.h is the convention."""
        words = []
        for array in buffers:
            assert array.flags.c_contiguous
            address = array.ctypes.data
            words += [address, address, 0, array.size, 1]
        words += [*scalars, group, groups]
        function = self._library[f"agentc_{name}"]
        function.restype = None
        function(*(ctypes.c_size_t(int(word)) for word in words))

    def run(self, name, buffers, scalars, groups=1):
        """Calls all workgroups, one after the other."""
        for group in range(groups):
            self.call(name, buffers, scalars, group, groups)


@cache
def library(family: str, variant: str) -> Library:
    """The library of one object, linked once."""
    return Library(objects(family)[variant])


def float_bits(value: float) -> int:
    """A float as an index scalar carries it."""
    return int(np.float32(value).view(np.uint32))


def _with_default_visibility(elf: bytes) -> bytes:
    """Kernels are compiled with hidden symbols, which a shared library would not export."""
    image = bytearray(elf)
    sections, entry_bytes, count = (
        struct.unpack_from("<Q", elf, 0x28)[0],
        *struct.unpack_from("<HH", elf, 0x3A),
    )
    for i in range(count):
        header = sections + i * entry_bytes
        kind, _, _, offset, size = struct.unpack_from("<IQQQQ", elf, header + 4)
        if kind == 2:  # the symbol table; byte 5 of an entry is the visibility
            for at in range(offset, offset + size, 24):
                image[at + 5] = 0
    return bytes(image)
