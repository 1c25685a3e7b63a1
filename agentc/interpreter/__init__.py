"""The reference interpreter: what a program of the `agent` dialect means, slow and obvious.

It evaluates a module op by op, in program order, one value at a time, with no scheduling, no
caching and no batching. What the language leaves open (models, tools, indexes, people) is asked
of a `World`. docs/spec.md says the same in prose; the passes and the runtime are tested against
this code.
"""

from agentc.interpreter.interpret import interpret
from agentc.interpreter.values import Thrown
from agentc.interpreter.world import Decoded, GenerateCall, Piece, World

__all__ = ["Decoded", "GenerateCall", "Piece", "Thrown", "World", "interpret"]
