"""The interpreter that runs these tests is Windows' own, with what the package needs."""

import sys


def test_this_is_windows() -> None:
    assert sys.platform == "win32"
    assert "MSC" in sys.version  # not a Python built for this test
