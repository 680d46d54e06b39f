"""How the game names a circuit: a folder, and in it a layout where there are several."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class TrackName(NamedTuple):
    """`ks_barcelona-layout_gp` is the layout `layout_gp` of `ks_barcelona`; `monza` has no layouts."""

    track: str
    layout: str
    """empty where there is none"""

    @classmethod
    def of(cls, full_name: str) -> TrackName:
        track, _, layout = full_name.partition("-")
        return cls(track, layout)

    def folder(self, content: Path) -> Path:
        """Where the game keeps what belongs to the layout, such as the racing line."""
        return content / "tracks" / self.track / self.layout
