"""The stress program of this folder for a few seconds; by hand it runs for a minute."""

from __future__ import annotations

import stress


def test_writer_and_readers_under_stress() -> None:
    results = stress.run(seconds=3.0, fps=240.0, readers=4)
    assert len(results) == 4
    for result in results:
        assert result["torn"] == result["stale"] == 0, result
        assert result["frames"] > 20, result
