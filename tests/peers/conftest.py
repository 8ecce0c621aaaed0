"""These run in .venv-peers, by `make peers-signatures`: the vendors' own SDKs are much too heavy for .venv."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "integration"))
