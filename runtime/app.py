"""`App`: a loaded package, ready to run. See README.md for the life of a request."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from agentc.errors import RuntimeFault
from agentc.plan import Budget, Plan, encode
from agentc.runtime.budget import Ledger, deadline_error, tightest
from agentc.runtime.core import Run
from agentc.runtime.inputs import check_inputs
from agentc.runtime.journal import Request
from agentc.runtime.journal_values import decode_values, encode_values
from agentc.runtime.orchestrator import Orchestrator
from agentc.runtime.program import prepare
from agentc.runtime.result import RunResult, Trace
from agentc.runtime.scheduler import Policies
from agentc.runtime.services import Services
from agentc.runtime.slots import Slots
from agentc.runtime.trace import Event, Recorder
from agentc.runtime.warming import warm

_LAST = ("run_finished", "run_failed")


@dataclass(frozen=True)
class _Ask:
    """What a caller asks for."""

    inputs: Mapping[str, Any]
    seed: int = 0
    tenant: str = ""
    budget: Budget | None = None
    timeout_s: float | None = None
    run_id: str | None = None
    resumed: bool = False
    priority: int = 0


@dataclass(eq=False)
class _Live:
    """A run in progress: its state, its record, and who waits for its end."""

    run: Run
    recorder: Recorder
    ended: asyncio.Future[None]
    deadline: asyncio.Task[None] | None = None


class App:
    """Runs a plan, any number of times at once, in the event loop of its first run.

    Use `agentc.runtime.load` to make one from a package. Close it with `aclose` or `async with`.
    """

    def __init__(
        self,
        plan: Plan,
        services: Services,
        *,
        policies: Policies | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        """`limits`: calls at once by resource, "tools" or a device class (see slots.py)."""
        self.plan = plan
        self.services = services
        self._orchestrator = Orchestrator(
            prepare(plan),
            services,
            policies or Policies(),
            Slots(plan, limits),
            self._on_event,
            self._on_end,
        )
        self._live: dict[str, _Live] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Task[None] | None = None
        self._runner: asyncio.Runner | None = None
        self._closing = False
        self._plan_sha256 = hashlib.sha256(encode(plan)).hexdigest()

    async def run(
        self,
        inputs: Mapping[str, Any] | None = None,
        /,
        *,
        seed: int = 0,
        tenant: str = "",
        budget: Budget | None = None,
        timeout_s: float | None = None,
        run_id: str | None = None,
        priority: int = 0,
        **named: Any,
    ) -> RunResult:
        """Runs the graph once; the graph's inputs are keywords, or a mapping in front of them.

        `tenant`: who may share cached KV with this run. `budget` tightens the graph's own.
        `priority`: whose model calls come first, the higher the sooner.
        Raises RuntimeFault, with the error's kind and source line, and BudgetExceeded.
        """
        given = {**(inputs or {}), **named}
        ask = _Ask(given, seed, tenant, budget, timeout_s, run_id, priority=priority)
        return await self._finish(ask)

    def run_sync(self, inputs: Mapping[str, Any] | None = None, /, **options: Any) -> RunResult:
        """`run` for programs without an event loop."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(self.run(inputs, **options))

    def stream(
        self,
        inputs: Mapping[str, Any] | None = None,
        /,
        *,
        seed: int = 0,
        tenant: str = "",
        budget: Budget | None = None,
        timeout_s: float | None = None,
        run_id: str | None = None,
        priority: int = 0,
        **named: Any,
    ) -> AsyncGenerator[Event]:
        """Runs the graph once and gives its events as they happen; the last one is
        `run_finished`, or `run_failed`, after which the error is raised as `run` would. Leaving
        the loop early cancels the run."""
        given = {**(inputs or {}), **named}
        ask = _Ask(given, seed, tenant, budget, timeout_s, run_id, priority=priority)
        return self._follow(ask)

    def unfinished(self) -> list[str]:
        """Returns the runs in the journal that were accepted and have not ended."""
        journal = self.services.journal
        live = self._live
        return (
            [r for r in journal.unfinished(self._plan_sha256) if r not in live] if journal else []
        )

    async def resume(
        self, run_id: str, *, budget: Budget | None = None, timeout_s: float | None = None
    ) -> RunResult:
        """Goes on with a run that an earlier process did not finish; no finished tool call,
        answer or decode is repeated. Raises RuntimeFault if the journal has no such run."""
        return await self._finish(self._recall(run_id, budget, timeout_s))

    def resume_stream(
        self, run_id: str, *, budget: Budget | None = None, timeout_s: float | None = None
    ) -> AsyncGenerator[Event]:
        """`resume`, as `stream`."""
        return self._follow(self._recall(run_id, budget, timeout_s))

    def answer(self, run_id: str, name: str, value: Any) -> None:
        """Answers an `interrupt` event. Raises RuntimeFault (kind "input") if the run does not
        wait for it or `value` has another type; then it goes on waiting."""
        self.services.interrupts.answer(run_id, name, value)

    async def warm(self) -> None:
        """Opens every model and index of the plan now, so that the first run does not wait."""
        await warm(self.plan, self.services)

    async def cancel(self, run_id: str) -> None:
        """Ends a run at once; its caller gets RuntimeFault of kind "cancelled"."""
        if run_id not in self._live:
            raise RuntimeFault(f"no run {run_id} is in progress", kind="input")
        self._end(run_id, RuntimeFault("the run was cancelled", kind="cancelled"))

    async def aclose(self) -> None:
        """Cancels all runs and closes devices; with a journal, the runs can be resumed. The app
        cannot be used afterwards."""
        self._closing = True
        for run_id in list(self._live):
            self._end(run_id, RuntimeFault("the app was closed", kind="cancelled"))
        if self._server is not None and self._loop is asyncio.get_running_loop():
            await asyncio.gather(*self._orchestrator.tasks, return_exceptions=True)
            self._server.cancel()
            await asyncio.gather(self._server, return_exceptions=True)
        await self.services.clock.in_thread(self.services.devices.close)
        if self.services.journal is not None:
            self.services.journal.close()

    def close(self) -> None:
        """`aclose` for programs without an event loop."""
        runner, self._runner = self._runner or asyncio.Runner(), None
        with runner:
            runner.run(self.aclose())

    async def __aenter__(self) -> App:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _recall(self, run_id: str, budget: Budget | None, timeout_s: float | None) -> _Ask:
        if self.services.journal is None:
            raise RuntimeFault("there is no journal; load the app with journal=path", kind="input")
        request = self.services.journal.request(run_id, self._plan_sha256)
        inputs = decode_values(request.inputs)
        return _Ask(inputs, request.seed, request.tenant, budget, timeout_s, run_id, resumed=True)

    async def _finish(self, ask: _Ask) -> RunResult:
        live = self._begin(ask, Recorder())
        try:
            await asyncio.shield(live.ended)
        except asyncio.CancelledError:
            self._end(live.run.id, RuntimeFault("the caller was cancelled", kind="cancelled"))
            raise
        return self._result(live)

    async def _follow(self, ask: _Ask) -> AsyncGenerator[Event]:
        events: asyncio.Queue[Event] = asyncio.Queue()
        recorder = Recorder()
        recorder.listeners.append(events.put_nowait)
        live = self._begin(ask, recorder)
        try:
            while True:
                event = await events.get()
                yield event
                if event.kind in _LAST:
                    break
            self._result(live)
        finally:
            self._end(live.run.id, RuntimeFault("nobody listens any more", kind="cancelled"))

    def _begin(self, ask: _Ask, recorder: Recorder) -> _Live:
        if self._closing:
            raise RuntimeFault("the app is closed; load the package again", kind="input")
        checked = check_inputs(self.plan, ask.inputs)
        self._bind()
        limits = tightest(self.plan.budget, ask.budget)
        run_id = ask.run_id or secrets.token_hex(8)
        if run_id in self._live:
            raise RuntimeFault(f"run {run_id} is in progress already", kind="input")
        if self.services.journal is not None and not ask.resumed:
            request = Request(encode_values(checked), ask.seed, ask.tenant)
            self.services.journal.accept(run_id, self._plan_sha256, request)
        now_s = self.services.clock.now_s()
        run = Run(run_id, ask.seed, ask.tenant, checked, Ledger(limits), now_s, ask.resumed)
        run.priority = ask.priority
        live = _Live(run, recorder, asyncio.get_running_loop().create_future())
        self._live[run_id] = live
        error = deadline_error(ask.timeout_s, limits.wall_s)
        if error is not None:
            live.deadline = asyncio.create_task(self._expire(run_id, *error))
        self._orchestrator.submit(run)
        return live

    def _bind(self) -> None:
        """Serves in the running loop; moves there when idle, so that every loop may use the app."""
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._server is not None and not self._server.done():
            return
        if self._live:
            raise RuntimeFault("the app has runs in another event loop; load it once per loop")
        self._loop = loop
        self._orchestrator.restart()
        self._server = loop.create_task(self._orchestrator.serve())

    async def _expire(self, run_id: str, limit_s: float, error: RuntimeFault) -> None:
        await self.services.clock.sleep(limit_s)
        self._end(run_id, error)

    def _end(self, run_id: str, error: RuntimeFault) -> None:
        live = self._live.get(run_id)
        if live is not None:
            self._orchestrator.end(live.run, error)

    def _on_event(self, run: Run, event: Event) -> None:
        live = self._live.get(run.id)
        if live is not None:
            live.recorder.emit(event)

    def _on_end(self, run: Run) -> None:
        live = self._live.pop(run.id)
        if self.services.journal is not None and not self._closing:
            state = "finished" if run.error is None else getattr(run.error, "kind", "device")
            self.services.journal.end(run.id, state)
        if live.deadline is not None:
            live.deadline.cancel()
        if not live.ended.done():
            live.ended.set_result(None)

    def _result(self, live: _Live) -> RunResult:
        run = live.run
        if run.error is not None:
            raise run.error
        return RunResult(run.outputs, run.usage, Trace(self.plan, live.recorder.events), run.id)
