"""What tests of the picture sources share."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ac_gym import _core


@pytest.fixture
def name() -> Iterator[str]:
    """A name for shared memory that no other test uses; what killed publishers left of it is removed."""
    name = f"ac_gym_test.{os.getpid()}.{uuid.uuid4().hex[:8]}"
    yield name
    for left in Path("/dev/shm").glob(f"{name}.*"):  # nowhere but on Linux
        left.unlink(missing_ok=True)


@pytest.fixture(params=["avx2", "c"])
def instructions(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each set of instructions that this processor has."""
    try:
        _core.grab_instructions(request.param)
    except _core.GrabError:
        pytest.skip(f"this processor has no {request.param}")
    yield request.param
    _core.grab_instructions()
