"""What the stand-in's tests host."""

from pathlib import Path

TRACK, CAR = "indianapolis_sp", "bmw_z4_gt3"
APPS = Path(__file__).parent / "apps"
FREE_PORTS = {"ego_server_port": 0, "opponents_server_port": 0, "simulation_management_server_port": 0}
