"""Where in the user's files something was written: found from the Python stack."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType, TracebackType

from agentc.errors import FrontendError, SourceLine

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


@dataclass(frozen=True)
class Place:
    """A position in a user's file; `line` and `column` are 1-based, 0 is "not known"."""

    file: str
    line: int = 0
    column: int = 0

    def source(self) -> SourceLine:
        """Returns the place as errors print it: relative to the current folder if inside it."""
        return SourceLine(relative_to(self.file, os.getcwd()), self.line)

    def text(self, folder: str) -> str:
        """Returns `file:line:column`, the file relative to `folder` if inside it."""
        return f"{relative_to(self.file, folder)}:{self.line}:{self.column}"


NOWHERE = Place("<unknown>")


def relative_to(file: str, folder: str) -> str:
    """Returns `file` relative to `folder` with forward slashes, or unchanged if outside."""
    try:
        return Path(file).relative_to(folder).as_posix()
    except ValueError:
        return file


def here() -> Place:
    """Returns the innermost line of the stack that is not the front end's own."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_own(frame.f_code.co_filename):
        frame = frame.f_back
    return NOWHERE if frame is None else _place_of_frame(frame)


def place_of_code(code: CodeType) -> Place:
    """Returns where a function begins (its first decorator, if any)."""
    return Place(os.path.abspath(code.co_filename), code.co_firstlineno, 1)


def place_of_function(function: object) -> Place:
    """Returns where `function` begins, or `here()` for a callable without Python code."""
    code = getattr(function, "__code__", None)
    return place_of_code(code) if isinstance(code, CodeType) else here()


def place_of_traceback(traceback: TracebackType | None) -> Place | None:
    """Returns the innermost line of a traceback that is not the front end's own."""
    found = None
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not _is_own(filename):
            found = Place(os.path.abspath(filename), traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def parse_place(text: str) -> Place:
    """Reads what `Place.text` wrote; a missing line or column is 0."""
    parts = text.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return Place(parts[0], int(parts[1]), int(parts[2]))
    head, _, line = text.rpartition(":")
    return Place(head, int(line)) if head and line.isdigit() else Place(text)


def error(message: str, place: Place | None = None) -> FrontendError:
    """Returns a FrontendError at `place`, by default at the user's line that is running."""
    found = here() if place is None else place
    return FrontendError(message, source=None if found == NOWHERE else found.source())


def _is_own(filename: str) -> bool:
    return os.path.abspath(filename).startswith(_OWN_FOLDER) or filename.startswith("<frozen")


def _place_of_frame(frame: FrameType) -> Place:
    positions = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), None)
    column = 0 if positions is None or positions[2] is None else positions[2] + 1
    return Place(os.path.abspath(frame.f_code.co_filename), frame.f_lineno, column)
