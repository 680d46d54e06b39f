"""Lets these tests use what the tests of the bridge have: `ac-gym serve` as a process."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "bridge"))
