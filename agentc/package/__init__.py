"""Packages: what a compiled agent is shipped as. Data only; reading one executes nothing.

A package is a folder or a zip file of it:

    manifest.json   format version, agentc version, compiler versions, sha256 and size of each file
    plan.json       the plan (agentc/plan.py)
    graph.mlirbc, models/, indexes/, params/   what the plan names

Parameter archives (.irpa) are large and shared: the plan names them by content, and they live in
the parameter store `$AGENTC_CACHE/params/<sha256>.irpa` unless the package bundles them.
"""

from agentc.package.manifest import FORMAT_VERSION, FileRecord, Manifest
from agentc.package.reader import Package, open_package
from agentc.package.store import ParameterStore, cache_root
from agentc.package.writer import PackageWriter

__all__ = [
    "FORMAT_VERSION",
    "FileRecord",
    "Manifest",
    "Package",
    "PackageWriter",
    "ParameterStore",
    "cache_root",
    "open_package",
]
