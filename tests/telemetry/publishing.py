"""Pages of the tests' own, written as the game writes them."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Self

import numpy as np

from ac_gym.telemetry.pages import PAGES, Status, page_name, set_text
from ac_gym.telemetry.shared_memory import SharedPage


class FakeGame:
    """Publishes the three pages; `show(speedKmh=..., ...)` changes fields and writes them."""

    def __init__(self, pages: str | None = None) -> None:
        self.pages = pages or f"ac_gym_test_{os.getpid()}_{os.urandom(4).hex()}"
        self.records = {kind: np.zeros((), dtype) for kind, dtype in PAGES.items()}
        self._shared = {kind: SharedPage.create(page_name(kind, self.pages), dtype) for kind, dtype in PAGES.items()}
        self.show(status=Status.LIVE, tyreWear=100.0, track="monza", carModel="bmw_z4_gt3")

    def show(self, **fields: Any) -> None:
        for name, value in fields.items():
            for record in self.records.values():
                if name in record.dtype.names:
                    if isinstance(value, str):
                        set_text(record, name, value)
                    else:
                        record[name] = value
        for kind in ("physics", "graphics"):
            self.records[kind]["packetId"] += 1
        for kind, page in self._shared.items():
            page.write(self.records[kind])

    def close(self) -> None:
        for page in self._shared.values():
            page.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
