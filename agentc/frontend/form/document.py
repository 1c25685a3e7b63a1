"""The whole graph as one document: `agentc.graph/v1`.

`load_json` and `dump_json` are the JSON front door; `json_schema` describes it for other tools.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from agentc.errors import FrontendError, SourceLine
from agentc.frontend.dists import SLA, Budget
from agentc.frontend.form.base import (
    Attr,
    Form,
    MaybeCount,
    MaybeDist,
    MaybeFloat,
    MaybeStr,
    Str,
    Strs,
    Symbol,
    TypeText,
    Value,
)
from agentc.frontend.form.control import Block, ControlOp
from agentc.frontend.form.data import DataOp
from agentc.frontend.form.work import WorkOp

FORMAT = "agentc.graph/v1"
AnyOp = Annotated[WorkOp | DataOp | ControlOp, Field(discriminator="op")]


class ModelSymbol(Form):
    """A model: its kind and where its weights come from."""

    kind: Annotated[Literal["llm", "encoder", "cross_encoder", "torch"], Attr("enum", "ModelKind")]
    source: Str
    dims: Annotated[dict[str, int] | None, Attr("ints")] = None
    at: str = ""


class ToolSymbol(Form):
    """A tool: its signature and what it does to the world. `cost_usd` is per call."""

    params: list[Value] = []
    result: TypeText
    tool_class: Annotated[
        Literal["pure", "idempotent", "stageable", "irreversible"], Attr("enum", "ToolClass")
    ] = "irreversible"
    reads: Strs = None
    writes: Strs = None
    timeout_s: MaybeFloat = None
    retries: Annotated[int, Attr("i64"), Field(ge=0)] = 0
    latency: MaybeDist = None
    cost_usd: MaybeFloat = None
    doc: MaybeStr = None
    at: str = ""


class IndexSymbol(Form):
    """A vector index over a folder of documents."""

    source: Str
    embedder: Symbol
    count: MaybeCount = None
    chunk_tokens: MaybeCount = None
    at: str = ""


class SchemaSymbol(Form):
    """A record type with its JSON schema."""

    type: TypeText
    json_: dict[str, Any] = Field(alias="json")
    at: str = ""


class GraphDocument(Form):
    """An agent graph with everything that it names.

    `inputs` are the names of the body's arguments to the outside, in order.
    """

    format: Literal["agentc.graph/v1"] = "agentc.graph/v1"
    name: str
    models: dict[str, ModelSymbol] = {}
    tools: dict[str, ToolSymbol] = {}
    indexes: dict[str, IndexSymbol] = {}
    schemas: dict[str, SchemaSymbol] = {}
    inputs: list[str]
    outputs: list[Value]
    sla: SLA | None = None
    budget: Budget | None = None
    body: Block
    at: str = ""


Block.model_rebuild(_types_namespace={"AnyOp": AnyOp})
GraphDocument.model_rebuild()


def dump_json(document: GraphDocument) -> str:
    """Returns `document` as JSON text; equal documents give equal text."""
    return document.model_dump_json(by_alias=True, exclude_none=True, indent=1)


def load_json(text: str | bytes, origin: str = "graph.json") -> GraphDocument:
    """Reads a document. Raises FrontendError on anything that is not `agentc.graph/v1`."""
    try:
        return GraphDocument.model_validate_json(text)
    except ValidationError as error:
        raise FrontendError(_first_problem(error), source=SourceLine(origin)) from error


def json_schema() -> dict[str, Any]:
    """Returns the JSON schema of the form (draft 2020-12)."""
    return GraphDocument.model_json_schema(by_alias=True)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the document"
    found = json.dumps(problem["input"], default=str)
    found = found if len(found) <= 60 else found[:57] + "..."
    reason = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"not a graph of form {FORMAT}: '{where}': {reason}, found {found}; correct that key"
