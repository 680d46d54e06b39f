"""A few thousand wild inputs to both ends of the wire; `python tests/fuzz_wire.py` goes on for longer."""

from __future__ import annotations

from fuzz_wire import fuzz


def test_nothing_that_comes_over_the_wire_does_harm() -> None:
    findings, outcomes = fuzz(lambda number: number < 4500, seed=1)
    assert findings == 0
    useful = {outcome.split(":")[0] for outcome in outcomes if outcome.endswith(("useful", "answered", "accepted"))}
    assert {"datagrams", "requests", "datagrams (token)", "requests (token)", "config"} <= useful, "inputs go deep"
