"""What tests of the picture sources share."""

from __future__ import annotations

import os
import uuid

import pytest


@pytest.fixture
def name() -> str:
    """A name for shared memory that no other test uses."""
    return f"ac_gym_test.{os.getpid()}.{uuid.uuid4().hex[:8]}"
