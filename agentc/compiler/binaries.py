"""Code generation: a binary for every (model, device class) that the placed graph uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentc import models, plan
from agentc._mlir import ir
from agentc._mlir.dialects import agent
from agentc.codegen import kernels
from agentc.codegen.targets import TargetSpec
from agentc.compiler.lower_plan import walk
from agentc.compiler.stages import symbols
from agentc.compiler.symbols import Described
from agentc.cost_models.cluster import Cluster
from agentc.errors import CompileError

if TYPE_CHECKING:
    from agentc.compiler.pipeline import Placed

Progress = Callable[[str], None]


@dataclass
class Binaries:
    """The plan's model records, and the files that they name.

    `files` and `texts` are by path inside the package, `parameters` by content hash.
    """

    models: tuple[plan.Model, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def build(placed: Placed, progress: Progress) -> Binaries:
    """Compiles what the placed graph uses, in the precisions that the planner took; several targets
    at once, through the compile cache.

    Raises CompileError when a device class has no code generation target or it fails, and
    ModelFormatError for weights that cannot be read.
    """
    described, torch_modules = placed.described, placed.traced.modules
    cluster, result = placed.cluster, Binaries()
    uses = _uses(placed.traced.module, placed.graph)
    requests = {
        (name, device): models.BuildRequest(
            described.sources[name],
            _target(cluster, device),
            op.attributes["placement"].precision,
            f"{name} for {device}",
        )
        for (name, device), op in uses.items()
        if name in described.sources
    }
    built = models.build_all(
        list(requests.values()), lambda label, state: progress(f"{label}: {state}")
    )
    records: dict[str, plan.Model] = {}
    for (name, device), made in zip(requests, built, strict=True):
        _add(records, name, device, described, made, result)
        if note := placed.offered[name].by_class[device].note:
            result.notes.append(note)
    for name, device in uses:
        if name in torch_modules:
            progress(f"{name} for {device}: compiling")
            op = uses[name, device]
            _add_torch(records, name, device, torch_modules[name], op, cluster, result)
    result.models = tuple(records[name] for name in sorted(records))
    return result


def _uses(module: ir.Module, graph: ir.OpView) -> dict[tuple[str, str], ir.OpView]:
    """Returns the (model, device class) pairs of the placed graph, each with one op that has it.

    A search needs the embedder of its index on no device: the query comes embedded.
    """
    table = symbols(module)
    uses: dict[tuple[str, str], ir.OpView] = {}
    for op in walk(graph.regions[0].blocks[0]):
        if "placement" in op.attributes and "model" in op.attributes:
            name = op.attributes["model"].value
            if name in table:
                uses.setdefault((name, op.attributes["placement"].device), op)
    return uses


def _target(cluster: Cluster, device: str) -> TargetSpec:
    target = cluster.devices[device].iree
    if target is None:
        raise CompileError(
            f"device class '{device}' has no code generation target; expected 'iree' with device "
            f"and arch in its entry, as in iree: {{device: local-task, arch: host}}",
            source=cluster.source(f"device_classes.{device}"),
        )
    return TargetSpec(target.device, target.arch)


def _add(
    records: dict[str, plan.Model],
    name: str,
    device: str,
    described: Described,
    made: models.BuiltModel,
    result: Binaries,
) -> None:
    """Adds one binary to the record of its model."""
    source = described.sources[name]
    folder = f"models/{name}"
    path = f"{folder}/{device}.vmfb"
    before = records.get(name)
    records[name] = plan.Model(
        name=name,
        kind=source.kind,
        source=source.name,
        dims=made.dims,
        binaries={**(before.binaries if before else {}), device: made.binary(path)},
        parameters={**(before.parameters if before else {}), device: made.parameters()},
        tokenizer=f"{folder}/tokenizer.json",
        chat=made.chat,
    )
    result.files[path] = made.vmfb
    result.texts[f"{folder}/tokenizer.json"] = made.tokenizer_json
    result.parameters[made.archive.sha256] = made.archive.path
    result.notes += [note for note in made.notes if note not in result.notes]


def _add_torch(
    records: dict[str, plan.Model],
    name: str,
    device: str,
    module: Any,
    op: ir.OpView,
    cluster: Cluster,
    result: Binaries,
) -> None:
    """Compiles a torch module for the operand types of the op that calls it."""
    from agentc.models import torch_module

    target = _target(cluster, device)
    inputs = [_tensor(torch_module, operand.type) for operand in op.operands]
    made = torch_module.build_module(module, inputs, target.driver, target.arch, name)
    path = f"models/{name}/{device}.vmfb"
    binary = plan.Binary(
        path,
        made.vmfb.sha256,
        target.driver,
        torch_module.ENTRY,
        inputs[0].element,
        requires=kernels.required_features(target),
    )
    parameters = plan.Parameters(made.archive.sha256, made.archive.size_bytes)
    dims = {"weight_bytes": made.archive.size_bytes}
    records[name] = plan.Model(
        name, "torch", type(module).__name__, dims, {device: binary}, {device: parameters}
    )
    result.files[path] = made.vmfb.path
    result.parameters[made.archive.sha256] = made.archive.path


def _tensor(torch_module: Any, type_: ir.Type) -> Any:
    if isinstance(type_, agent.EmbeddingType):
        return torch_module.TensorSpec((type_.dim,))
    if isinstance(type_, ir.RankedTensorType):
        shape = tuple(type_.get_dim_size(i) for i in range(type_.rank))
        return torch_module.TensorSpec(shape, str(type_.element_type))
    return torch_module.TensorSpec((), {"f64": "f64", "i64": "i64"}[str(type_)])
