"""Makes the helper modules of this folder importable in every pytest import mode."""

import sys
from pathlib import Path

for _folder in (".", "engine"):
    sys.path.insert(0, str(Path(__file__).parent / _folder))
