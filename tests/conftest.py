"""What holds for all tests."""

from __future__ import annotations

import os

# Programs that tests start import the installed agentc, and not the folder of that name in the
# repository's root, where they are started.
os.environ["PYTHONSAFEPATH"] = "1"
