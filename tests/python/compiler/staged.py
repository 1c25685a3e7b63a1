"""Small graphs at stage level for the tests of the compiler, from text, without models on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agentc._mlir import ir
from agentc._mlir.dialects import agent as _agent  # noqa: F401
from agentc._mlir.dialects import stage as _stage  # noqa: F401
from agentc.compiler.lower_plan import walk
from agentc.compiler.passes import run_pipeline
from agentc.compiler.stages import symbols

DIMS = (
    "layers = 2, d_model = 8, heads = 2, kv_heads = 1, head_dim = 4, ffn = 16, vocab = 32, "
    "params = 1000, weight_bytes = 4000, context = 64"
)
SYMBOLS = f"""
agent.model @m llm source("smollm2-135m-instruct") {{dims = {{{DIMS}}}}}
agent.model @n llm source("smollm2-135m-instruct") {{dims = {{{DIMS}}}}}
agent.model @e encoder source("all-minilm-l6-v2") {{dims = {{layers = 2, d_model = 8, heads = 2,
  ffn = 16, vocab = 32, params = 1000, weight_bytes = 4000, context = 64, embedding_dim = 8}}}}
agent.index @docs source("docs/") embedder(@e) count(10) chunk_tokens(16)
agent.tool @ask(x: !agent.text) -> !agent.text class(pure) cost_usd(0.5)
agent.tool @mail(x: !agent.text) -> !agent.text class(irreversible)
"""
HEAD = """agent.graph @g(%q: !agent.text {agent.name = "q"}, %c: i1 {agent.name = "c"},
    %l: !agent.list<!agent.text> {agent.name = "l"})"""


@contextmanager
def module_of(body: str, results: str = "!agent.text") -> Iterator[tuple[ir.Module, ir.OpView]]:
    """Gives the module, and its graph `g` of %q (text), %c (i1) and %l (texts), as the user would
    have written it."""
    with ir.Context(), ir.Location.unknown():
        module = ir.Module.parse(f"{SYMBOLS}{HEAD} -> ({results}) {{ {body} }}")
        yield module, symbols(module)["g"]


@contextmanager
def staged(body: str, results: str = "!agent.text") -> Iterator[tuple[ir.Module, ir.OpView]]:
    """The same, lowered to stages."""
    with module_of(body, results) as (module, _):
        run_pipeline(module, "agentc-lower-to-stage")
        yield module, symbols(module)["g"]


def ids(graph: ir.OpView, kind: str, label: str | None = None) -> list[int]:
    """Returns the numbers of the stages of a kind (and label), in program order."""
    return [
        op.attributes["op_id"].value
        for op in walk(graph.regions[0].blocks[0])
        if op.operation.name == f"stage.{kind}"
        and (label is None or ("label" in op.attributes and op.attributes["label"].value == label))
    ]
