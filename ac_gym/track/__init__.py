"""Circuits: from a readable file of named segments to centre line, borders, racing line and limit lap time."""

from ac_gym.track.model import Corner, StartPose, Track
from ac_gym.track.speed import Envelope, SpeedProfile, speed_profile
from ac_gym.track.store import available_tracks, load_track, user_tracks

__all__ = [
    "Corner",
    "Envelope",
    "SpeedProfile",
    "StartPose",
    "Track",
    "available_tracks",
    "load_track",
    "speed_profile",
    "user_tracks",
]
