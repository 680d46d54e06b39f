"""What became of the states on their way: counters against a plain count of what was sent and what came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ac_gym.game.reception import Counters, SequenceRecord


def record(*sequences: int) -> tuple[Counters, list[int]]:
    """Counters after these arrived, and those that were newer than all before."""
    counters = Counters()
    keeper = SequenceRecord(counters)
    return counters, [sequence for sequence in sequences if keeper.note(sequence)]


@pytest.mark.parametrize(
    ("sequences", "counts"),
    [
        ((5, 6, 7), {}),
        ((5, 8), {"lost": 2}),
        ((5, 6, 6, 7), {"duplicates": 1}),
        ((5, 7, 6, 8), {"out_of_order": 1}),
        ((5, 8, 6), {"out_of_order": 1, "lost": 1}),
        ((5, 7, 6, 6), {"out_of_order": 1, "duplicates": 1}),
        ((5, 1005), {"lost": 999}),
        ((5, 1005, 6), {"lost": 999, "out_of_order": 1}),
    ],
)
def test_gaps_doubles_and_stragglers_are_told_apart(sequences: tuple[int, ...], counts: dict[str, int]) -> None:
    counters, _ = record(*sequences)
    assert counters.as_dict() == Counters(received=len(sequences), **counts).as_dict()


@given(st.lists(st.integers(1, 60), min_size=1))
def test_every_number_is_accounted_for_once(sequences: list[int]) -> None:
    counters, newest = record(*sequences)
    begun = sequences[0]
    came = {sequence for sequence in sequences if sequence >= begun}  # nobody misses those before the first
    assert newest == sorted(set(newest))
    assert max(sequences) == max(newest)
    assert counters.received == len(sequences)
    assert counters.duplicates == len(sequences) - len(set(sequences))
    assert counters.out_of_order == len(set(sequences)) - len(newest)
    assert counters.lost == max(came) - begun + 1 - len(came)


def test_a_new_conversation_counts_from_its_own_first() -> None:
    counters = Counters()
    keeper = SequenceRecord(counters)
    for sequence in (100, 101):
        assert keeper.note(sequence)
    keeper = SequenceRecord(counters)
    assert keeper.note(1)
    assert counters.as_dict() == Counters(received=3).as_dict()
