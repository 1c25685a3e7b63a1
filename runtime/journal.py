"""The journal: what runs were accepted, and what their operations did (SQLite, WAL).

A run is written down before it starts; an operation before each attempt and after its end, keyed
by (run, operation, iteration path, attempt), its results as a blob named by its sha256. A commit
survives the death of the process; with `sync=True` also that of the machine.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from agentc.errors import RuntimeFault
from agentc.runtime.core import Path as IterationPath

_SCHEMA = """
create table if not exists runs(
  run text primary key, plan text not null, request blob not null, state text not null);
create table if not exists steps(
  run text not null, op integer not null, path text not null, attempt integer not null,
  output text, primary key (run, op, path, attempt));
create table if not exists blobs(hash text primary key, content blob not null);
"""


class Request(msgspec.Struct, frozen=True):
    """What a run was asked for. `inputs` are encoded values (journal_values.py)."""

    inputs: bytes
    seed: int
    tenant: str


@dataclass(frozen=True)
class Step:
    """What is known of an operation: attempts that began, and the encoded results, if any."""

    attempts: int
    output: bytes | None


class Journal:
    """One file for all runs of an app. Safe to use from any thread."""

    def __init__(self, path: str | Path, *, sync: bool = False) -> None:
        """Opens or makes the file. Raises RuntimeFault if it is not a journal."""
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(
                str(path), isolation_level=None, check_same_thread=False, timeout=10
            )
            self._db.execute("pragma journal_mode = wal")
            self._db.execute(f"pragma synchronous = {'full' if sync else 'normal'}")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise RuntimeFault(f"cannot use {path} as a journal: {error}") from error

    def accept(self, run: str, plan: str, request: Request) -> None:
        """Writes down a run before it starts. Raises RuntimeFault if the id is taken."""
        raw = msgspec.msgpack.encode(request)
        try:
            self._write("insert into runs values (?, ?, ?, 'accepted')", run, plan, raw)
        except sqlite3.IntegrityError as error:
            raise RuntimeFault(
                f"run {run} is in the journal already; resume it, or choose another id",
                kind="input",
            ) from error

    def request(self, run: str, plan: str) -> Request:
        """Returns what an unfinished run was asked for. Raises RuntimeFault if there is no such
        run, it has ended, or it belongs to another plan."""
        rows = self._read("select plan, request, state from runs where run = ?", run)
        if not rows:
            raise RuntimeFault(f"the journal has no run {run}", kind="input")
        of_plan, raw, state = rows[0]
        if state != "accepted":
            raise RuntimeFault(f"run {run} has ended already ({state})", kind="input")
        if of_plan != plan:
            raise RuntimeFault(
                f"run {run} belongs to plan {of_plan[:12]}, this is {plan[:12]}; resume it with "
                "the package that began it",
                kind="input",
            )
        return msgspec.msgpack.decode(raw, type=Request)

    def unfinished(self, plan: str) -> list[str]:
        """Returns the runs of a plan that were accepted and have not ended."""
        rows = self._read("select run from runs where plan = ? and state = 'accepted'", plan)
        return sorted(row[0] for row in rows)

    def end(self, run: str, state: str) -> None:
        """Notes that a run has ended: "finished", or an error's kind. Its steps may go."""
        self._write("update runs set state = ? where run = ?", state, run)
        self._write("delete from steps where run = ?", run)

    def start(self, run: str, op: int, path: IterationPath) -> None:
        """Notes that an attempt begins."""
        self._write(
            "insert into steps select ?1, ?2, ?3, count(*), null from steps "
            "where run = ?1 and op = ?2 and path = ?3",
            run, op, _spelled(path),
        )  # fmt: skip

    def finish(self, run: str, op: int, path: IterationPath, output: bytes) -> None:
        """Notes the results of the attempt that began last."""
        digest = hashlib.sha256(output).hexdigest()
        with self._lock, self._db:
            self._db.execute("begin")
            self._db.execute("insert or ignore into blobs values (?, ?)", (digest, output))
            self._db.execute(
                "update steps set output = ?1 where rowid = (select rowid from steps "
                "where run = ?2 and op = ?3 and path = ?4 order by attempt desc limit 1)",
                (digest, run, op, _spelled(path)),
            )

    def step(self, run: str, op: int, path: IterationPath) -> Step:
        """Returns what is known of an operation."""
        rows = self._read(
            "select content from steps left join blobs on hash = output "
            "where run = ? and op = ? and path = ? order by attempt",
            run, op, _spelled(path),
        )  # fmt: skip
        return Step(len(rows), rows[-1][0] if rows else None)

    def close(self) -> None:
        """Closes the file. May be called again."""
        with self._lock:
            self._db.close()

    def _write(self, statement: str, *values: Any) -> None:
        with self._lock:
            self._db.execute(statement, values)

    def _read(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()


def _spelled(path: IterationPath) -> str:
    return ".".join(map(str, path))
