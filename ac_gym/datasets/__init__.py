"""Data sets: recorded drives of several formats, what a task makes of them, and the formats of others."""

from ac_gym.datasets.model import Flaw, RecordedLap, Recording
from ac_gym.datasets.reading import read_recordings, recording_files

__all__ = ["Flaw", "RecordedLap", "Recording", "read_recordings", "recording_files"]
