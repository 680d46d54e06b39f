"""The car file of an import: the same groups, units and sources as the cars of the package have."""

from __future__ import annotations

from typing import Any

import yaml

from ac_gym import _core
from ac_gym.car import CURVE_UNIT
from ac_gym.car_import.found import COMPUTED, ESTIMATE, GAME, Found

_AXLES = ("front", "rear")
_GROUPS = (
    "chassis",
    "suspension",
    "tyres",
    "aero",
    "engine",
    "drivetrain",
    "differential",
    "brakes",
    "steering",
    "fuel",
)
_BY_AXLE = ("suspension", "tyres", "brakes")
_ONE_OF_A_KIND = ("brakes_front_share",)  # front is part of the name, not an axle of the group


def car_file(name: str, title: str, found: Found, template: str) -> str:
    """The text of the YAML file; every figure must have been found or estimated."""
    sources = {
        COMPUTED: "from the game's data by the formulas of docs/import.md",
        ESTIMATE: f"not in the game's data; as of {template}, the nearest class",
        GAME: "the game has no losses in the driveline",
    }
    used = {source for _, source in found.values.values()} | {found.gears[1], found.torque[1]}
    described = {source: sources.get(source, "the car's own file, as the game has it") for source in sorted(used)}
    lines = [
        f"# {title}: made of the car's data folder by `ac-gym cars import`. Its figures are the game's: keep them.",
        _dump({"name": name, "title": title}),
        _dump({"sources": described}),
    ]
    tree = _tree(found)
    for group in _GROUPS:
        lines += ["", f"{group}:", *_indented(tree[group], 1)]
    return "\n".join(lines) + "\n"


def _tree(found: Found) -> dict[str, dict[str, Any]]:
    """Figures by group and, where it has them, axle."""
    tree: dict[str, dict[str, Any]] = {group: {} for group in _GROUPS}
    tree["engine"]["torque_curve"] = {
        "points": [list(point) for point in found.torque[0]], "unit": CURVE_UNIT, "source": found.torque[1]
    }  # fmt: skip
    tree["drivetrain"]["gear_ratios"] = {"points": found.gears[0], "unit": "1", "source": found.gears[1]}
    for name, unit in _core.CAR_PARAMS.items():
        if name not in found.values:
            continue
        value, source = found.values[name]
        figure = {"value": float(f"{value:.6g}"), "unit": unit, "source": source}
        group, rest = name.split("_", 1)
        axle, _, inner = rest.partition("_")
        if group in _BY_AXLE and axle in _AXLES and name not in _ONE_OF_A_KIND:
            tree[group].setdefault(axle, {})[inner] = figure
        else:
            tree[group][rest] = figure
    return tree


def _indented(group: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for key, value in group.items():
        if "source" in value:
            flow = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
            lines.append(f"{'  ' * depth}{key}: {flow.strip()}")
        else:
            lines += [f"{'  ' * depth}{key}:", *_indented(value, depth + 1)]
    return lines


def _dump(data: dict[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, width=10_000, allow_unicode=True).rstrip()
