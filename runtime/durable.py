"""Once is enough: an operation whose results are in the journal does not run again.

Journalled are the operations whose repetition would be seen or be dear: tool calls, answers of
people, and decodes. The rest is computed again when a run resumes.

A call that had begun but not ended when the process died may or may not have happened. A pure or
idempotent tool is called again; any other ends in an error of kind "unknown_outcome", which the
program may catch, because calling it twice could do harm that an error cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentc.errors import RuntimeFault
from agentc.runtime.call import Call, WorkHandler
from agentc.runtime.errors import name_of
from agentc.runtime.journal_values import decode_values, encode_values, revive

JOURNALLED = ("stage.call", "stage.decode", "agent.await_event")
REPEATABLE = ("pure", "idempotent")
UNKNOWN_OUTCOME = "unknown_outcome"


async def once(call: Call, handler: WorkHandler) -> Sequence[Any]:
    """Runs `handler`, or returns what an earlier life of the run has written down."""
    journal = call.services.journal
    if journal is None or call.op.kind not in JOURNALLED:
        return await handler(call)
    key = (call.run.id, call.op.id, call.path)
    if call.run.resumed and call.activity.attempt == 0:
        step = journal.step(*key)
        if step.output is not None:
            call.report["from_journal"] = True
            return await revive(decode_values(step.output), call.services, call.run.tenant)
        if step.attempts and not _repeatable(call):
            raise RuntimeFault(
                f"{name_of(call.op)} had begun when the process ended; whether it took effect is "
                "not known, and it is not safe to repeat; find out, and start a new run",
                kind=UNKNOWN_OUTCOME,
            )
    journal.start(*key)
    results = await handler(call)
    journal.finish(*key, encode_values(list(results)))
    return results


def _repeatable(call: Call) -> bool:
    if call.op.kind != "stage.call":
        return True
    return call.services.tool(call.attrs["tool"]).tool_class in REPEATABLE
