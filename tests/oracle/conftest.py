"""Puts the oracle within reach: tests are modules without a package, so its folder is named to Python here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
