"""The contract between compiler and runtime: frozen records, one JSON schema, data only.

A `Plan` holds everything that a run needs and nothing else: the placed stage program as a tree of
operations, the models with their binaries, tools, indexes, schemas, devices, and what the planner
promised. It imports nothing of ours but the errors.
(longer than 300 lines: one contract, read from top to bottom)

Values of the program are numbered; every `Op` names its operands and results by number. A region
may read values of the regions around it. The meaning of each `kind` is docs/spec.md.
"""

from __future__ import annotations

from typing import Any

import msgspec

from agentc.errors import PackageError

PLAN_VERSION = 2


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all records: immutable, and an unknown field is an error."""


class Estimate(_Record):
    """What the planner expects of one operation or of the whole run.

    `low_s` .. `high_s` is the interval around `latency_s`; `limit` says what binds ("compute",
    "memory", "network", "latency", "declared"); `source` says where the number comes from
    ("declared", "datasheet", "profiled", "fitted").
    """

    latency_s: float
    low_s: float
    high_s: float
    limit: str
    source: str
    cost_usd: float | None = None


class Distribution(_Record):
    """A quantity that is not known before the run. `kind` and `values` as in `#agent.dist`:
    constant [v], uniform [low, high], lognormal [p50, p95], categorical values + weights,
    empirical (equally spaced quantiles, minimum and maximum included)."""

    kind: str
    values: tuple[float, ...]
    weights: tuple[float, ...] = ()
    provenance: str = "declared"


class Work(_Record):
    """Expected work of one execution of an operation. FLOPs count a multiply-add as 2."""

    flops: float = 0.0
    bytes_read: float = 0.0
    bytes_written: float = 0.0
    state_bytes: float = 0.0
    comm_bytes: float = 0.0
    calls: float = 0.0


class Op(_Record):
    """One operation. `kind` is the dialect name ("stage.decode", "agent.cond", ...).

    `attrs` are plain JSON values named as in docs/spec.md. `source` is "graph.py:42", `label` the
    user's name for it, `device` the device class it runs on (None for what runs in the
    orchestrator itself: data operations and control flow).
    """

    id: int
    kind: str
    operands: tuple[int, ...] = ()
    results: tuple[int, ...] = ()
    attrs: dict[str, Any] = {}
    regions: tuple[Region, ...] = ()
    source: str = ""
    label: str = ""
    device: str | None = None
    work: Work | None = None
    estimate: Estimate | None = None


class Region(_Record):
    """A block: arguments, operations in program order, and how it ends.

    `end` is "yield", "return" or "throw"; `yields` are the values it ends with (for "throw" the
    message), `end_attrs` the terminator's attributes (the kind of a throw).
    """

    args: tuple[int, ...]
    ops: tuple[Op, ...]
    yields: tuple[int, ...]
    end: str = "yield"
    end_attrs: dict[str, Any] = {}


class Port(_Record):
    """A graph input or output. `type` is the type as the dialect prints it without its prefix
    ("text", "i64", "list<text>", "docs", "record<...>"); `schema` is its JSON schema."""

    name: str
    type: str
    schema: dict[str, Any]


class Binary(_Record):
    """One compiled partition: a model on a device class.

    LLM: entry `forward`; `page_shape` is the pool's shape without its first (page) dimension,
    `page_dtype` "f32", "f16" or "i8", `page_tokens` tokens a page holds. Encoder: entry `encode`.
    `requires` names the architecture and features of the processors that run it (as the system
    names them, `avx2`); () for other devices.
    """

    path: str
    sha256: str
    driver: str
    entry: str
    precision: str
    page_shape: tuple[int, ...] = ()
    page_dtype: str = ""
    page_tokens: int = 0
    has_set_workers: bool = False
    requires: tuple[str, ...] = ()


class Parameters(_Record):
    """A parameter archive (.irpa), referenced by content. `bundled` is its path inside the
    package, or "" when it lives in the parameter store of this machine."""

    sha256: str
    size_bytes: int
    bundled: str = ""


class ChatFormat(_Record):
    """Scaffold strings around each role, from the model file's chat template.

    The text of a role is `begin + content + end`. `default_system` is what the template says when
    the caller gives no system message ("" when it says nothing); `opening` is what it writes then
    that is no message of its own. Where the template puts a system message and the user message
    behind it into one turn, `system_to_user` stands between the two; None where they are two
    turns. `end_tokens` stop a decode.
    """

    begin: dict[str, str]
    end: dict[str, str]
    default_system: str
    end_tokens: tuple[int, ...]
    bos: str = ""
    opening: str = ""
    system_to_user: str | None = None


class Model(_Record):
    """A model of the graph. `binaries` and `parameters` are by device class; `dims` as in
    `agent.model`; `tokenizer` is a path inside the package."""

    name: str
    kind: str
    source: str
    dims: dict[str, int]
    binaries: dict[str, Binary] = {}
    parameters: dict[str, Parameters] = {}
    tokenizer: str = ""
    chat: ChatFormat | None = None


class Tool(_Record):
    """A tool, bound to a callable by name when the package is loaded.

    `params` are (name, type) in order, `result` its type (as in `Port`); `tool_class` one of
    pure, idempotent, stageable, irreversible.
    """

    name: str
    params: tuple[Port, ...]
    result: Port
    tool_class: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    timeout_s: float | None = None
    retries: int = 0
    latency: Distribution | None = None
    cost_usd: float | None = None
    doc: str = ""


class Index(_Record):
    """A vector index. Paths are inside the package; `metric` is "cosine"."""

    name: str
    embedder: str
    dimension: int
    count: int
    passages: str
    vectors: str
    index: str
    metric: str = "cosine"


class Device(_Record):
    """A device class that the plan uses: how many the plan asks for, and how to open it.
    `memory_bytes` is the budget of this plan's state on one of them."""

    name: str
    kind: str
    driver: str
    count: int
    memory_bytes: int
    workers: int = 0
    price_usd_per_hour: float | None = None


class Sla(_Record):
    """Percentile targets of the whole graph; None is not constrained."""

    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    ttft_p95_s: float | None = None
    availability: float | None = None


class Budget(_Record):
    """Hard limits of one run; None is not limited."""

    usd: float | None = None
    tokens: int | None = None
    wall_s: float | None = None


class Choice(_Record):
    """Why an op runs where it runs: the device class, its estimate, the share of the critical
    path, and the alternatives with the reason why each was not taken."""

    op: int
    device: str
    critical_share: float
    rejected: dict[str, str] = {}


class Promise(_Record):
    """What the planner answered: objective, bound, gap, and the estimate of the whole run. Not how
    long it took: equal inputs give equal packages."""

    objective: str
    objective_value: float
    bound: float
    gap: float
    status: str
    solver: str
    seed: int
    run: Estimate
    choices: tuple[Choice, ...] = ()


class Plan(_Record):
    """A compiled agent."""

    name: str
    graph_sha256: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    body: Region
    models: tuple[Model, ...] = ()
    tools: tuple[Tool, ...] = ()
    indexes: tuple[Index, ...] = ()
    schemas: dict[str, dict[str, Any]] = {}
    devices: tuple[Device, ...] = ()
    sla: Sla | None = None
    budget: Budget | None = None
    promise: Promise | None = None
    version: int = PLAN_VERSION


def encode(plan: Plan) -> bytes:
    """Returns `plan` as JSON: plans made in the same order are equal bytes.

    Keys keep their order, because it has a meaning in schemas: a constrained decode writes the
    fields of an object in the order of the schema's properties.
    """
    return msgspec.json.format(msgspec.json.encode(plan), indent=1)


def decode(text: bytes, origin: str = "plan.json") -> Plan:
    """Reads a plan. Raises PackageError on anything that is not a plan of this version."""
    try:
        plan = msgspec.json.decode(text, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PackageError(
            f"{origin} is not a valid plan: {error}; compile the graph again"
        ) from error
    if plan.version != PLAN_VERSION:
        raise PackageError(
            f"{origin} has plan version {plan.version}, this agentc reads {PLAN_VERSION}; "
            "compile the graph again with this version"
        )
    return plan


def bundled(plan: Plan) -> Plan:
    """Returns `plan` with all weights inside the package, at params/<sha256>.irpa."""
    models = tuple(
        msgspec.structs.replace(
            model,
            parameters={
                device: msgspec.structs.replace(p, bundled=f"params/{p.sha256}.irpa")
                for device, p in model.parameters.items()
            },
        )
        for model in plan.models
    )
    return msgspec.structs.replace(plan, models=models)


def json_schema() -> dict[str, Any]:
    """Returns the JSON schema of `Plan`, for other tools and for the docs."""
    return msgspec.json.schema(Plan)
