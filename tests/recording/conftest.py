"""Lets these tests use what others have: `ac-gym serve` as a process, and a scripted plugin."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / room) for room in ("bridge", "game")]
