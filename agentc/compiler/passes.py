"""Runs C++ passes and turns their diagnostics into errors with the user's lines."""

from __future__ import annotations

from agentc._mlir import ir
from agentc._mlir.passmanager import PassManager
from agentc.errors import CompileError, SourceLine


def run_pipeline(module: ir.Module, *names: str) -> None:
    """Runs passes or pipelines by name, in order, on `module` in place.

    Raises CompileError with the first diagnostic's place and text, and its notes.
    """
    manager = _parse(module, names)
    diagnostics: list[ir.DiagnosticInfo] = []

    def keep(diagnostic: ir.Diagnostic) -> bool:
        if diagnostic.severity == ir.DiagnosticSeverity.ERROR:
            diagnostics.append(_info(diagnostic))
        return True

    handler = module.context.attach_diagnostic_handler(keep)
    try:
        manager.run(module.operation)
    except ir.MLIRError as error:
        raise _compile_error(diagnostics, error) from None
    finally:
        handler.detach()


def _parse(module: ir.Module, names: tuple[str, ...]) -> PassManager:
    try:
        return PassManager.parse(f"builtin.module({','.join(names)})", module.context)
    except ValueError as error:
        reason = str(error).strip().splitlines()[0].rpartition("error: ")[2]
        raise CompileError(
            f"no such pipeline {', '.join(names)}: {reason}; `agentc-opt --help` lists the passes"
        ) from None


def _info(diagnostic: ir.Diagnostic) -> tuple[str, SourceLine | None, list[str]]:
    """Copies what a diagnostic says: it dies with the handler."""
    notes = [note.message for note in diagnostic.notes]
    return diagnostic.message, source_of(diagnostic.location), notes


def _compile_error(
    found: list[tuple[str, SourceLine | None, list[str]]], error: ir.MLIRError
) -> CompileError:
    if not found:
        found = [_info(diagnostic) for diagnostic in error.error_diagnostics]
    if not found:
        return CompileError(str(error).strip())
    message, source, notes = found[0]
    notes = [note for note in notes if not note.startswith("see current operation")]
    return CompileError("; ".join([message, *notes]), source=source)


def source_of(location: ir.Location) -> SourceLine | None:
    """Returns the file and line of a location, through names and the first of fused ones."""
    while True:
        if location.is_a_file():
            return SourceLine(location.filename, location.start_line)
        if location.is_a_name():
            location = location.child_loc
        elif location.is_a_fused() and location.locations:
            location = location.locations[0]
        else:
            return None
