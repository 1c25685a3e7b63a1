"""What each kind of operation does: one small file a family.

`DATA` are pure functions, run in place; `CONTROL` are frames that open regions; `WORK` are
coroutines that wait for something outside: an engine, a device, a tool, a person.
"""

from agentc.runtime.call import WorkHandler
from agentc.runtime.ops import events, moves, parse, retrieval, sequences, tools
from agentc.runtime.ops.branch import Cond, Switch
from agentc.runtime.ops.data import DATA
from agentc.runtime.ops.fanout import Map, Parallel
from agentc.runtime.ops.frame import Frame
from agentc.runtime.ops.guard import Try
from agentc.runtime.ops.loop import Loop
from agentc.runtime.ops.race import Race
from agentc.runtime.ops.vote import Vote

CONTROL: dict[str, type[Frame]] = {
    "agent.cond": Cond,
    "agent.switch": Switch,
    "agent.loop": Loop,
    "agent.map": Map,
    "agent.parallel": Parallel,
    "agent.vote": Vote,
    "agent.race": Race,
    "agent.try": Try,
}

WORK: dict[str, WorkHandler] = {
    "agent.await_event": events.await_event,
    "agent.parse": parse.parse,
    "stage.call": tools.call_tool,
    "stage.module": tools.module,
    "stage.tokenize": sequences.tokenize,
    "stage.prefill": sequences.prefill,
    "stage.decode": sequences.decode,
    "stage.kv.open": sequences.kv_open,
    "stage.kv.append": sequences.kv_append,
    "stage.kv.fork": sequences.kv_fork,
    "stage.kv.park": sequences.kv_park,
    "stage.kv.resume": sequences.kv_resume,
    "stage.kv.close": sequences.kv_close,
    "stage.kv.move": sequences.kv_move,
    "stage.encode": retrieval.encode,
    "stage.search": retrieval.search,
    "stage.score": retrieval.score,
    "stage.transfer": moves.transfer,
}

__all__ = ["CONTROL", "DATA", "WORK"]
