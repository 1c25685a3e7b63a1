"""Runs the IREE compiler on tensor programs, with a content-addressed cache of the binaries."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agentc.codegen import store
from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError

TIMEOUT_S = 600.0
_MESSAGE_CHARS = 1500


@dataclass(frozen=True)
class Job:
    """One program for one target. `objects` are kernel objects that the program links, by the
    file name it uses for them; `label` is what progress reports call it."""

    text: str
    target: TargetSpec
    label: str = ""
    objects: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Compiled:
    """A binary in the cache. `compile_s` is 0 when it was there already."""

    path: Path
    sha256: str
    compile_s: float

    @property
    def cached(self) -> bool:
        """Whether nothing had to be compiled."""
        return self.compile_s == 0.0


Progress = Callable[[str, str], None]
"""Called with (label, state): state is "compiling", "cached" or "done in 3.1 s"."""


def compile(
    text: str, target: TargetSpec, *, label: str = "", objects: Sequence[Path] = ()
) -> Compiled:
    """Compiles one program. Raises CompileError if the compiler refuses it or takes too long."""
    return compile_all([Job(text, target, label, tuple(objects))])[0]


def compile_all(jobs: Sequence[Job], progress: Progress | None = None) -> list[Compiled]:
    """Compiles programs in parallel processes, at most one a core, in the order of `jobs`.

    Raises CompileError for the first job (in order) that fails.
    """
    report = progress or (lambda label, state: None)
    workers = max(1, min(len(jobs), os.cpu_count() or 1))
    with ThreadPoolExecutor(workers, thread_name_prefix="compile") as pool:
        return list(pool.map(lambda job: _compile_cached(job, report), jobs))


def stream_text(text: str, target: TargetSpec, objects: Sequence[Path] = ()) -> str:
    """Returns the program at the compiler's stream level, where copies are visible."""
    flags = [*target.compiler_flags(), *_object_paths(objects), "--compile-to=stream"]
    return _run(text, flags, "stream form")


def _compile_cached(job: Job, report: Progress) -> Compiled:
    path = store.folder("vmfb") / f"{_key(job)}.vmfb"
    if path.is_file():
        report(job.label, "cached")
        return Compiled(path, store.file_digest(path), 0.0)
    report(job.label, "compiling")
    start_s = time.perf_counter()
    flags = [*job.target.compiler_flags(), *_object_paths(job.objects)]
    with store.replacing(path) as temporary:
        _run(job.text, [*flags, "-o", str(temporary)], job.label or job.target.driver)
    took_s = time.perf_counter() - start_s
    report(job.label, f"done in {took_s:.1f} s")
    return Compiled(path, store.file_digest(path), took_s)


def _key(job: Job) -> str:
    objects = [store.file_digest(path) for path in job.objects]
    flags = " ".join(job.target.compiler_flags())
    return store.digest(job.text, flags, job.target.identity(), compiler_version(), *objects)


def _object_paths(objects: Sequence[Path]) -> list[str]:
    folders = sorted({str(path.parent) for path in objects})
    return [f"--iree-hal-executable-object-search-path={folder}" for folder in folders]


def _run(text: str, flags: Sequence[str], label: str) -> str:
    command = [_executable(), "-", *flags]
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CompileError(
            f"code generation for {label} did not end within {TIMEOUT_S:.0f} s"
        ) from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error:" in line] or [done.stderr]
        message = "\n".join(lines)[:_MESSAGE_CHARS].strip()
        raise CompileError(f"code generation for {label} failed: {message or 'no message'}")
    return done.stdout


@cache
def _executable() -> str:
    try:
        from iree.compiler.tools import binaries

        return str(binaries.find_tool("iree-compile"))
    except (ImportError, ValueError) as error:
        raise CompileError(
            "the code generator is not installed: found no iree-compile; "
            "run: pip install iree-base-compiler"
        ) from error


@cache
def compiler_version() -> str:
    """Returns the compiler's version."""
    from iree.compiler import version

    return str(version.VERSION)
