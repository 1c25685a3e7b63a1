"""`agentc target`: what a cluster file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

target_app = typer.Typer(help="Check and show cluster files.", no_args_is_help=True)
ClusterArgument = Annotated[Path, typer.Argument(help="cluster.yaml")]


@target_app.command("validate")
def validate_command(cluster: ClusterArgument) -> None:
    """Check a cluster file; says what is wrong, and where."""
    from agentc.cost_models import load_cluster

    found = load_cluster(cluster)
    print(f"{cluster}: valid, {len(found.devices)} device classes, {len(found.nodes)} node kinds")


@target_app.command("show")
def show_command(cluster: ClusterArgument) -> None:
    """Print the device classes that a cluster file gives, in one table."""
    from agentc.cost_models import load_cluster

    found = load_cluster(cluster)
    available = found.available()
    table = Table("device class", "kind", "count", "memory", "bandwidth", "code generation")
    for name, device in found.devices.items():
        target = f"{device.iree.device} {device.iree.arch}".strip() if device.iree else "none"
        table.add_row(
            name,
            device.kind,
            str(available.get(name, 0)),
            f"{device.memory_bytes / 2**30:.0f} GiB",
            f"{device.bandwidth_bytes_per_s / 1e9:.0f} GB/s",
            target,
        )
    Console().print(table)


@target_app.command("schema")
def schema_command() -> None:
    """Print the JSON schema of cluster.yaml, for editors."""
    from agentc.cost_models import cluster_schema

    print(json.dumps(cluster_schema(), indent=1))
