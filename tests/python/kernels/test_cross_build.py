"""Every kernel compiles for 64-bit Arm and calls nothing there either."""

from __future__ import annotations

import importlib.util
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

KERNELS = Path(__file__).parents[3] / "kernels"
RECIPE = (KERNELS / "CMakeLists.txt").read_text()
ARM = "armv8.2-a+dotprod"


def recipe(name: str) -> list[str]:
    """The words of a list in kernels/CMakeLists.txt, without references to other lists."""
    found = re.search(rf"set\({name}\s+([^)]*)\)", RECIPE)
    assert found, f"kernels/CMakeLists.txt has no list {name}"
    return [word for word in found[1].split() if not word.startswith("$")]


def compiler() -> list[str]:
    """A cross compiler: Debian's gcc-aarch64-linux-gnu, or clang from PyPI's ziglang."""
    if found := shutil.which("aarch64-linux-gnu-gcc"):
        return [found, f"-march={ARM}"]
    if importlib.util.find_spec("ziglang"):
        target = ["-target", "aarch64-linux-musl", "-mcpu=generic+dotprod", "-fno-sanitize=all"]
        return [sys.executable, "-m", "ziglang", "cc", *target]
    pytest.skip("no compiler for 64-bit Arm: gcc-aarch64-linux-gnu or ziglang")


def symbols(elf: bytes) -> dict[str, bool]:
    """Name to "is defined here", of the named global symbols of an object file."""
    at, size, count = struct.unpack_from("<Q", elf, 0x28)[0], *struct.unpack_from("<HH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", elf, at + i * size) for i in range(count)]
    (table,) = (h for h in headers if h[1] == 2)
    names = headers[table[6]][4]
    found = {}
    for entry in range(table[4] + 24 * table[7], table[4] + table[5], 24):
        name, _, _, section = struct.unpack_from("<IBBH", elf, entry)
        end = elf.index(b"\0", names + name)
        found[elf[names + name : end].decode()] = section != 0
    return found


@pytest.mark.parametrize("family", recipe("AGENTC_KERNEL_FAMILIES"))
def test_a_family_compiles_for_arm(tmp_path, family):
    assert ARM in RECIPE
    target = tmp_path / f"{family}.o"
    command = [*compiler(), *recipe("_flags"), "-Werror", "-c", "-o", str(target)]
    subprocess.run([*command, str(KERNELS / f"{family}.c")], check=True)
    elf = target.read_bytes()
    assert struct.unpack_from("<H", elf, 0x12)[0] == 183  # AArch64
    defined = symbols(elf)
    # Nothing is called but kernels of other families, which are linked into the same module.
    assert [n for n, here in defined.items() if not here and not n.startswith("agentc_")] == []
    assert any(name.startswith("agentc_") for name in defined)
