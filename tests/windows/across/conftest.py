"""The Windows session of the tests across; made where it is not, so that pytest may be given this folder alone."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import environment
from wine import Wine


@pytest.fixture(scope="session")
def windows() -> Iterator[Wine]:
    with environment.prepare() as session:
        yield session
