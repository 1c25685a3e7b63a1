"""The library's front door: compile, load, explain. `import agentc` offers these lazily."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from agentc import plan as plan_records
from agentc.errors import RuntimeFault
from agentc.package import PackageWriter, open_package
from agentc.version import __version__

if TYPE_CHECKING:
    from agentc.compiler import Compiled
    from agentc.cost_models.explanation import Explanation
    from agentc.frontend.graph import Graph, TracedGraph
    from agentc.runtime.app import App

Progress = Callable[[str], None]
EXPLANATION = "explanation.json"  # what `agentc explain` prints of a package


@dataclass(frozen=True)
class CompileReport:
    """What was compiled: the plan, where the package is, its size, and what to know."""

    plan: plan_records.Plan
    output: Path
    size_bytes: int
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        promise = self.plan.promise
        return {
            "package": str(self.output),
            "size_bytes": self.size_bytes,
            "graph": self.plan.name,
            "p95_s": promise.run.latency_s if promise else None,
            "cost_usd": promise.run.cost_usd if promise else None,
            "devices": [device.name for device in self.plan.devices],
            "notes": list(self.notes),
        }

    def as_text(self) -> str:
        lines = [f"{self.output}: {self.plan.name}, {self.size_bytes / 1e6:.1f} MB"]
        promise = self.plan.promise
        if promise is not None:
            run = promise.run
            cost = "" if run.cost_usd is None else f", {1000 * run.cost_usd:.3g} USD per 1,000 runs"
            lines.append(
                f"estimate: p95 {run.latency_s:.2g} s ({run.low_s:.2g} to {run.high_s:.2g}){cost}; "
                f"{promise.status}, gap {promise.gap:.1%}"
            )
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def compile(  # the name of the thing; shadows the builtin in this module only
    graph: str | Path | Graph | TracedGraph,
    target: str | Path,
    output: str | Path,
    *,
    objective: str = "cost",
    seed: int = 0,
    precision: str = "",
    bundle: bool = False,
    progress: Progress = lambda text: None,
) -> CompileReport:
    """Compiles a graph for a fleet and writes a package.

    Args:
      graph: "graph.py", "graph.py:name" or graph.json, or a graph object.
      target: cluster.yaml.
      output: the package to write: a folder, or a zip file if it ends in .zip.
      objective: "cost" (USD per run) or "latency".
      precision: of all models: "f32", "f16", "i8" or "i4"; "" leaves it to the planner, among those
        that lose nothing of a model's file.
      bundle: copy the weights into the package, so that it runs on another machine.

    Raises:
      AgentcError: see agentc.errors; nothing is written then.
    """
    from agentc.compiler import compile_graph

    output = Path(output)
    compilers = {"iree-base-compiler": version("iree-base-compiler")}
    writer = PackageWriter(output, agentc_version=__version__, compilers=compilers)
    try:
        compiled = compile_graph(
            _traced(graph),
            target,
            objective=objective,
            seed=seed,
            precision=precision,
            progress=progress,
        )
        plan = _add_files(writer, compiled, bundle)
        _add_indexes(writer, compiled, progress)
        manifest = writer.write(plan)
    except BaseException:
        writer.discard()
        raise
    size_bytes = sum(file.size_bytes for file in manifest.files.values())
    return CompileReport(plan, output, size_bytes, compiled.notes)


def _traced(graph: Any) -> Any:
    if isinstance(graph, (str, Path)):
        return str(graph)
    return graph.trace() if hasattr(graph, "trace") else graph


def _add_files(writer: PackageWriter, compiled: Compiled, bundle: bool) -> plan_records.Plan:
    """Adds everything but the indexes; returns the plan, which knows where bundled weights are."""
    writer.add("graph.mlirbc", compiled.graph_bytecode)
    writer.add(EXPLANATION, msgspec.json.encode(compiled.explanation))
    for path, file in sorted(compiled.files.items()):
        writer.add(path, file)
    for path, text in sorted(compiled.texts.items()):
        writer.add(path, text.encode())
    if not bundle:
        return compiled.plan
    for sha256, file in sorted(compiled.parameters.items()):
        writer.add(f"params/{sha256}.irpa", file)
    return plan_records.bundled(compiled.plan)


def _add_indexes(writer: PackageWriter, compiled: Compiled, progress: Progress) -> None:
    """Embeds the passages of every index with the embedder that was just compiled."""
    from agentc.index_files import index_files

    for record in compiled.plan.indexes:
        progress(f"index {record.name}: embedding {record.count} passages")
        for path, content in index_files(record, compiled).items():
            writer.add(path, content)


def load(
    path: str | Path,
    *,
    tools: str | Path | Mapping[str, Callable[..., Any]] | None = None,
) -> App:
    """Opens a package to run it. Executes no code, unless `tools` names a Python file.

    Args:
      path: a package.
      tools: the graph's tools, by name; or a Python file whose graph's tools to bind (it is
        imported, and so executed).

    Raises:
      PackageError: the package is damaged, or a tool that the plan calls is not given.
    """
    from agentc import runtime

    if isinstance(tools, (str, Path)):
        from agentc.frontend.loader import load_tools

        tools = load_tools(str(tools))
    return runtime.load(path, tools=dict(tools or {}))


def explain(
    what: str | Path,
    target: str | Path | None = None,
    *,
    objective: str = "cost",
    seed: int = 0,
    precision: str = "",
    trace: str | Path | None = None,
) -> Explanation:
    """Explains a plan: what runs where, how long, at what cost, and why not elsewhere.

    Args:
      what: a package; or, with `target`, a graph, which is placed but not compiled.
      trace: a trace (.jsonl) of a run of that package: measurements beside the estimates.

    Raises:
      AgentcError: see agentc.errors.
    """
    from agentc.cost_models.explanation import Explanation, explain, with_measurements

    if target is not None:
        from agentc.compiler import place_graph

        placed = place_graph(
            _traced(what), target, objective=objective, seed=seed, precision=precision
        )
        return explain(placed.problem, placed.solution)
    if Path(what).suffix in (".py", ".json"):
        raise RuntimeFault(
            f"{what} is a graph, which has no plan without a fleet; add --target cluster.yaml, or "
            "explain a package",
            kind="input",
        )
    with open_package(Path(what)) as package:
        said = msgspec.json.decode(package.path(EXPLANATION).read_bytes(), type=Explanation)
        if trace is None:
            return said
        return with_measurements(said, _measured(package.plan, Path(trace)))


def _measured(plan: plan_records.Plan, trace: Path) -> dict[int, float]:
    """Returns the measured median seconds of every op in a trace."""
    from agentc.runtime.analysis import analyze
    from agentc.runtime.trace_files import from_jsonl

    try:
        events = from_jsonl(trace.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise RuntimeFault(
            f"{trace} is not a trace: {error}; write one with agentc run --trace", kind="input"
        ) from error
    return {summary.op: summary.p50_s for summary in analyze(plan, events)}
