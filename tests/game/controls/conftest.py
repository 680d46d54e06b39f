"""Joysticks that hold what they are told for longer than a busy machine makes a test wait."""

from __future__ import annotations

import pytest

from ac_gym.game.controls import base


@pytest.fixture(autouse=True)
def _patient_joysticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "NEUTRAL_AFTER", 60.0)
