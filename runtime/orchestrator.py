"""The main loop: take events, advance runs, let policies choose, dispatch, record.

Everything happens in one event loop, on one thread; work operations are tasks that report back
through the inbox. The order of events is the only input, so equal events give equal decisions.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agentc.errors import BudgetExceeded, RuntimeFault
from agentc.runtime import flow
from agentc.runtime.attempts import execute
from agentc.runtime.core import Activity, Broke, Failed, Outcome, Run, Scope
from agentc.runtime.errors import is_catchable, located
from agentc.runtime.ops import CONTROL, DATA, WORK
from agentc.runtime.program import OpCode, RegionCode
from agentc.runtime.scheduler import Policies
from agentc.runtime.services import Services
from agentc.runtime.slots import Slots
from agentc.runtime.trace import Event

Message = Callable[[], None]


@dataclass(eq=False)
class _Root:
    """The owner of a run's outermost scope."""

    orchestrator: Orchestrator
    run: Run

    def child_ended(self, child: Scope, outcome: Outcome) -> None:
        self.orchestrator.run_ended(self.run, outcome)


class Orchestrator:
    """Runs any number of runs of one plan.

    `on_event` hears every event of every run, `on_end` every run that has ended.
    """

    def __init__(
        self,
        program: RegionCode,
        services: Services,
        policies: Policies,
        slots: Slots,
        on_event: Callable[[Run, Event], None],
        on_end: Callable[[Run], None],
    ) -> None:
        self.program, self.services, self.policies, self.slots = program, services, policies, slots
        self.on_event, self.on_end = on_event, on_end
        self.inbox: deque[Message] = deque()
        self.waiting: dict[str, Run] = {}
        self.running: dict[str, Run] = {}
        self.ready: deque[tuple[Scope, int]] = deque()
        self.queue: list[Activity] = []
        self.tasks: set[asyncio.Task[Sequence[Any]]] = set()
        self._wake = asyncio.Event()
        self._arrived_or_left = False

    async def serve(self) -> None:
        """The main loop; ends when its task is cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.inbox:
                self.inbox.popleft()()
            self.admit()
            self.advance()
            self.dispatch()

    def restart(self) -> None:
        """Forgets a former event loop, which must have nothing in progress."""
        self.inbox.clear()
        self.tasks.clear()
        self.slots.taken.clear()
        self._wake = asyncio.Event()

    def post(self, message: Message) -> None:
        """Puts a message into the inbox."""
        self.inbox.append(message)
        self._wake.set()

    def submit(self, run: Run) -> None:
        """Accepts a run."""
        run.ready = self.ready
        self.record(run, "run_submitted", inputs=run.inputs)
        self.waiting[run.id] = run
        self._arrived_or_left = True
        self._wake.set()

    def admit(self) -> None:
        """Starts the runs that the admission policy lets in."""
        if not self.waiting or not self._arrived_or_left:
            return
        self._arrived_or_left = False
        waiting, now_s = list(self.waiting.values()), self.services.clock.now_s()
        for run in self.policies.admission.admit(waiting, len(self.running), now_s):
            self.running[run.id] = self.waiting.pop(run.id)
            self.record(run, "run_started")
            args = [run.inputs[port.name] for port in self.services.plan.inputs]
            owner = _Root(self, run)
            run.root = flow.open_scope(run, self.program, parent=None, owner=owner, args=args)

    def advance(self) -> None:
        """Does all that can be done at once, and queues the work that became ready."""
        while self.ready:
            scope, index = self.ready.popleft()
            if not flow.is_wanted(scope, index):
                continue
            if index == len(scope.code.ops):
                flow.settle(scope)
            else:
                self.begin(scope, scope.code.ops[index])

    def begin(self, scope: Scope, code: OpCode) -> None:
        """Begins one operation whose waiting is over."""
        operands = scope.operands(code)
        if code.op.kind in DATA:
            self._compute(scope, code, operands)
        elif code.op.kind == "agent.break_if":
            self._break_if(scope, code, operands)
        elif code.op.kind in CONTROL:
            CONTROL[code.op.kind](scope, code, operands).start()
        else:
            activity = Activity(scope.run, scope, code, operands, self.services.clock.now_s())
            flow.begin(scope, code.index, activity)
            self.queue.append(activity)

    def _compute(self, scope: Scope, code: OpCode, operands: list[Any]) -> None:
        try:
            result = DATA[code.op.kind](code.op, operands)
        except RuntimeFault as error:
            flow.stop(scope, code.index, Failed(located(error, code.op)))
        else:
            flow.complete(scope, code.index, (result,))

    @staticmethod
    def _break_if(scope: Scope, code: OpCode, operands: list[Any]) -> None:
        if operands[0]:
            flow.stop(scope, code.index, Broke(tuple(operands[1:])))
        else:
            flow.complete(scope, code.index, ())

    def dispatch(self) -> None:
        """Starts queued work in the policy's order, as far as there are slots."""
        if not self.queue:
            return
        left: list[Activity] = []
        for activity in self.policies.queue_order.order(self.queue, self.services.clock.now_s()):
            if activity.cancelled:
                continue
            if self.slots.can_take(activity.op):
                self.start(activity)
            else:
                left.append(activity)
        self.queue = left

    def start(self, activity: Activity) -> None:
        """Starts the task of one work operation."""
        self.slots.take(activity.op)
        activity.started_s = self.services.clock.now_s()
        queue_s = activity.started_s - activity.ready_s
        self.record_op(activity, "op_started", queue_s=queue_s)
        work = execute(activity, WORK[activity.op.kind], self.services, self.on_event)
        task = asyncio.get_running_loop().create_task(work)
        activity.stopper = task
        self.tasks.add(task)
        task.add_done_callback(lambda done: self.post(lambda: self.work_ended(activity, done)))

    def work_ended(self, activity: Activity, task: asyncio.Task[Sequence[Any]]) -> None:
        """Hears that the task of a work operation is over."""
        self.tasks.discard(task)
        self.slots.give_back(activity.op)
        if task.cancelled():
            self.record_op(activity, "op_cancelled")
            if not activity.cancelled:
                self.end(
                    activity.run, RuntimeFault("the run's task was cancelled", kind="cancelled")
                )
            return
        error = task.exception()
        if error is None:
            flow.complete(activity.scope, activity.code.index, task.result())
        elif activity.cancelled:
            return
        elif isinstance(error, Exception) and is_catchable(error):
            flow.stop(activity.scope, activity.code.index, Failed(error))
        else:
            self.end(activity.run, error)

    def run_ended(self, run: Run, outcome: Outcome) -> None:
        """Hears that a run's outermost scope has ended."""
        if isinstance(outcome, Failed):
            self.end(run, outcome.error)
            return
        names = [port.name for port in self.services.plan.outputs]
        run.outputs = dict(zip(names, outcome.values, strict=True))
        self.end(run, None)

    def end(self, run: Run, error: BaseException | None) -> None:
        """Ends a run: with its outputs, or with `error` after stopping all that it does."""
        if run.ended:
            return
        run.ended, run.error = True, error
        if isinstance(error, BudgetExceeded):
            error.partial = error.partial or self.partial_outputs(run)
        if run.root is not None:
            flow.cancel(run.root)
        self.waiting.pop(run.id, None)
        self.running.pop(run.id, None)
        self._arrived_or_left = True
        run.finished_s = self.services.clock.now_s()
        run.usage.wall_s = run.finished_s - run.submitted_s
        if error is None:
            self.record(run, "run_finished", outputs=run.outputs)
        else:
            kind = getattr(error, "kind", "device")
            self.record(run, "run_failed", error=str(error), kind=kind)
        self.on_end(run)
        self._wake.set()

    def partial_outputs(self, run: Run) -> dict[str, Any]:
        """Returns the graph outputs that are known already, by name."""
        if run.root is None:
            return {}
        yields = self.program.region.yields
        ports = zip(self.services.plan.outputs, yields, strict=False)
        return {p.name: run.root.values[v] for p, v in ports if v in run.root.values}

    def record(self, run: Run, kind: str, /, **data: Any) -> None:
        """Records an event of a run."""
        self.on_event(run, Event(kind, self.services.clock.now_s(), run.id, data=data))

    def record_op(self, activity: Activity, kind: str, /, **data: Any) -> None:
        """Records an event of an operation."""
        now_s, run, op = self.services.clock.now_s(), activity.run, activity.op
        event = Event(kind, now_s, run.id, op.id, activity.path, activity.attempt, data)
        self.on_event(run, event)
