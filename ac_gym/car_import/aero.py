"""Drag and downforce: the wings of aero.ini, each at its own angle, added up."""

from __future__ import annotations

import re

import numpy as np

from ac_gym.car_import.data import DataFolder
from ac_gym.car_import.found import COMPUTED, Found

_WING = re.compile(r"WING_\d+")


def read_aero(data: DataFolder, found: Found) -> None:
    """Needs wheelbase, weight distribution and ride height. A wing's lift is shared by its lever over the axles."""
    if "aero.ini" not in data:
        found.remarks.append("aero.ini is missing; drag and downforce are estimated")
        return
    ini = data.ini("aero.ini")
    wheelbase, front_weight = found.get("chassis_wheelbase", 1.0), found.get("chassis_front_weight", 0.5)
    height = 0.5 * sum(found.get(f"suspension_{axle}_ride_height", 0.1) for axle in ("front", "rear"))
    drag = front = rear = 0.0
    for section in filter(_WING.fullmatch, ini.sections):
        area = (ini.number(section, "CHORD") or 0.0) * (ini.number(section, "SPAN") or 0.0)
        angle = ini.number(section, "ANGLE") or 0.0
        position = ini.numbers(section, "POSITION", 3) or (0.0, 0.0, 0.0)
        coefficient = {}
        for kind in ("CL", "CD"):
            gain = ini.number(section, f"{kind}_GAIN")
            by_angle, by_height = (data.lut(ini, section, f"LUT_{by}_{kind}") for by in ("AOA", "GH"))
            coefficient[kind] = (
                (1.0 if gain is None else gain)
                * (0.0 if by_angle is None else float(np.interp(angle, *by_angle)))
                * (1.0 if by_height is None else float(np.interp(height, *by_height)))
            )
        drag += area * coefficient["CD"]
        # z is forward of the centre of gravity, which lies (1 - front share) of the wheelbase behind the front axle.
        share = front_weight + position[2] / wheelbase
        front += area * coefficient["CL"] * share
        rear += area * coefficient["CL"] * (1.0 - share)
    if drag > 0.0:
        found.put("aero_drag_area", drag, COMPUTED)
        found.put("aero_lift_area_front", front, COMPUTED)
        found.put("aero_lift_area_rear", rear, COMPUTED)
    else:
        found.remarks.append("aero.ini: its wings have no drag; drag and downforce are estimated")
    if controllers := [name for name in ini.sections if name.startswith("DYNAMIC_CONTROLLER")]:
        found.remarks.append(f"aero.ini: {len(controllers)} moving wings stay at their own angle")
