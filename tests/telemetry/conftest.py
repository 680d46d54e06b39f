"""Pages that tests write and programs under test read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from publishing import FakeGame


@pytest.fixture
def game() -> Iterator[FakeGame]:
    with FakeGame() as fake:
        yield fake
