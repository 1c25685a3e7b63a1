"""Where the peers are: a virtual environment of their own, never agentc's.

`benchmarks/peers.sh` makes it in build/peers; AGENTC_PEERS names another one. Its packages are
looked up behind those of this interpreter, so both must be of one Python version.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class PeersMissing(Exception):
    """The peers, or one of them, are not there; the message says how to get them."""


def peers_folder() -> Path:
    """The folder of the peers' environment and files."""
    return Path(os.environ.get("AGENTC_PEERS", ROOT / "build" / "peers"))


def use_peer_packages() -> None:
    """Makes the peers' packages importable. Raises PeersMissing."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = peers_folder() / ".venv" / "lib" / version / "site-packages"
    if not packages.is_dir():
        raise PeersMissing(
            f"no peers for {version} in {peers_folder()}; run benchmarks/peers.sh with this Python"
        )
    if str(packages) not in sys.path:
        sys.path.append(str(packages))


def peer_file(name: str) -> Path:
    """A file that `benchmarks/peers.sh` made. Raises PeersMissing."""
    path = peers_folder() / name
    if not path.exists():
        raise PeersMissing(f"{path} is missing; run benchmarks/peers.sh")
    return path
