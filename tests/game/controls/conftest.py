"""Packages of joystick drivers that record what arrives, in place of the real ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from joystick_fakes import FakeEvdev, FakeVGamepad, FakeVJoy

from ac_gym.game.controls import base, uinput


@pytest.fixture(autouse=True)
def _patient_joysticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold what they are told for longer than a busy machine makes a test wait."""
    monkeypatch.setattr(base, "NEUTRAL_AFTER", 60.0)


@pytest.fixture
def vjoy(monkeypatch: pytest.MonkeyPatch) -> FakeVJoy:
    return FakeVJoy().install(monkeypatch)


@pytest.fixture
def vgamepad(monkeypatch: pytest.MonkeyPatch) -> FakeVGamepad:
    fake = FakeVGamepad()
    monkeypatch.setitem(sys.modules, "vgamepad", fake)
    return fake


@pytest.fixture
def evdev(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeEvdev:
    fake = FakeEvdev()
    monkeypatch.setitem(sys.modules, "evdev", fake)
    monkeypatch.setattr(uinput, "NODE", tmp_path)  # exists and is writable
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return fake
