"""What the compiler says about a program: stages and the values between them.

Plain records with quantities in SI units; nothing here knows of MLIR or of devices.
"""

from __future__ import annotations

import msgspec

from agentc.cost_models.work import WorkBand
from agentc.plan import Distribution


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the records: immutable, and an unknown field is an error."""


class StageSpec(_Record, frozen=True):
    """One placeable operation.

    Attributes:
      op: its `op_id`; unique, and the leaf's stage id in the tree.
      kind: the dialect name, "stage.decode".
      label: the user's name for it; "" falls back to the kind.
      source: "graph.py:42".
      work: by precision ("f32", "i8", ...) the work of one execution at mean and p95; one entry
        for every precision that the compiler can emit. Empty for what has a fixed latency.
      fixed: latency distribution in seconds of a tool call or of waiting for a person; such a
        stage runs in the orchestrator.
      service: name of a service of cluster.yaml that the call goes to; gives latency and price
        where `fixed` and `cost_usd` do not.
      cost_usd: price per execution, whatever it runs on (a tool's declared cost).
      model: name of the model whose weights it reads; stages of one model share them.
      weights_bytes: size of those weights by precision.
      state_group: name of the KV sequence it works on; of the state of stages in one group only
        the largest counts. State comes from `work.p95.state_bytes`.
      colocate: key shared by stages that must stand on one device class in one precision.
      classes: device classes the user allows; None is all.
      precisions: by device class, in which precisions of `work` code can be generated for it; a
        class that is not named has all.
      streams: its output reaches the client as it is made (for time to first token).
      steps: expected decode steps; the first output is there after 1 / steps of its time.
    """

    op: int
    kind: str
    label: str = ""
    source: str = ""
    work: dict[str, WorkBand] = {}
    fixed: Distribution | None = None
    service: str | None = None
    cost_usd: float | None = None
    model: str | None = None
    weights_bytes: dict[str, float] = {}
    state_group: str | None = None
    colocate: str | None = None
    classes: tuple[str, ...] | None = None
    precisions: dict[str, tuple[str, ...]] = {}
    streams: bool = False
    steps: float = 1.0

    @property
    def name(self) -> str:
        """What messages call this stage."""
        return self.label or self.kind


class EdgeSpec(_Record, frozen=True):
    """A value from one op to another: expected size, size at p95 (None: does not vary), and what
    it is ("tokens", "kv", "text", "embedding")."""

    producer: int
    consumer: int
    bytes: float
    bytes_p95: float | None = None
    what: str = "value"
