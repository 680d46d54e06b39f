"""What the camera's pictures show, against an independent pinhole model and plain looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pinhole import Ground, Pinhole

from ac_gym import channels
from ac_gym.camera import VIEWS, Camera, View
from ac_gym.track.model import GRAVEL

SIZE = (640, 480)
FLAT, HILLY, BANKED = "monza", "ks_red_bull_ring-layout_gp", "indianapolis_sp"
Placed = Callable[..., tuple[Any, NDArray[np.float64]]]
Array = NDArray[np.float64]


def station(track: Any, s: float) -> int:
    return round(s / track.step_m) % len(track.s)


def edge_column(row: NDArray[np.uint8], column: float, inwards: int, line: float) -> float:
    """Where a row turns from asphalt to a white line `line` pixels wide, near `column`, half way between both.

    `inwards` is the way to the asphalt, -1 or 1. NaN where there is no such edge.
    """
    offsets = np.arange(-int(line) - 3, 7)  # from the line to the asphalt
    columns = int(column) + inwards * offsets
    values = row[columns, 0].astype(float)
    asphalt, bright = values[-1], values.max()
    if asphalt > 110.0 or bright < 180.0:
        return np.nan
    half = 0.5 * (asphalt + bright)
    last = int(np.flatnonzero(values > half)[-1])
    share = (values[last] - half) / (values[last] - values[last + 1])
    return float(columns[last] + 0.5 + inwards * share)


@pytest.mark.parametrize("track", [FLAT, HILLY, BANKED])
@pytest.mark.parametrize("view", ["cockpit", "chase"])
@pytest.mark.parametrize(("heading", "pitch", "roll"), [(0.0, 0.0, 0.0), (0.12, 0.02, -0.03), (-0.08, -0.03, 0.02)])
def test_borders_are_where_a_pinhole_model_puts_them(
    placed: Placed, track: str, view: str, heading: float, pitch: float, roll: float
) -> None:
    """The inner edges of the white lines up to 60 m ahead, all round the lap, to a fraction of a pixel."""
    seen_from = replace(VIEWS[view], own_car=False)
    looked_for, errors = 0, []
    for k, s in enumerate(np.arange(40.0, 4000.0, 37.0)):
        offset = (-3.0, 0.7, 3.2)[k % 3]
        world, frames = placed(track, [(s, offset)], heading)
        frames[0, channels.COLUMNS["pitch"]] += pitch
        frames[0, channels.COLUMNS["roll"]] += roll
        t = world.track
        picture = Camera(world, view=seen_from, size=SIZE, color="gray").draw(frames)[0]
        model = Pinhole(seen_from, SIZE, Ground(t), frames[0], s, offset)
        for i in range(station(t, s) + 2, station(t, s) + 31):
            for side, widths in ((1.0, t.width_left), (-1.0, t.width_right)):
                inner, outer = (model.row_crossing(side, widths - inset, i) for inset in (0.15, 0.0))
                # Neither so thin that it is not white, nor so flat that its column says little.
                line = abs(outer.column - inner.column)
                if not (
                    line > 2.5
                    and line > 1.1 * inner.slope
                    and 30.0 < inner.column < SIZE[0] - 30.0
                    and outer.row == inner.row
                ):
                    continue
                looked_for += 1
                off = edge_column(picture[inner.row], inner.column, int(side), line) - inner.column
                errors.append(off / np.hypot(1.0, inner.slope))
    found = np.array(errors)[np.isfinite(errors)]
    assert looked_for > 100
    assert len(found) > 0.97 * looked_for, "the lines are seen"
    assert np.quantile(np.abs(found), 0.95) < 0.5
    assert np.abs(found).max() < 1.5
    assert abs(np.median(found)) < 0.05


def colour_at(picture: NDArray[np.uint8], model: Pinhole, point: Array) -> NDArray[np.int64]:
    column, row = model.pixel(point)
    return picture[int(row), int(column)].astype(int)


def is_asphalt(c: NDArray[np.int64]) -> bool:
    return bool(np.ptp(c) < 12 and 60 < c.mean() < 105)


def is_grass(c: NDArray[np.int64]) -> bool:
    return bool(c[1] > c[0] + 20 and c[1] > c[2] + 40)


def is_gravel(c: NDArray[np.int64]) -> bool:
    return bool(c[0] > c[1] > c[2] and c.mean() > 160 and c[0] > c[2] + 30)


@pytest.mark.parametrize("track", [FLAT, HILLY])
def test_road_run_off_and_sky_have_their_colours(placed: Placed, track: str) -> None:
    grass = gravel = 0
    for s in np.arange(60.0, 4000.0, 130.0):
        world, frames = placed(track, [(s, 0.0)])
        t, ground = world.track, Ground(world.track)
        picture = Camera(world, view="chase", size=SIZE).draw(frames)[0]
        model = Pinhole(VIEWS["chase"], SIZE, ground, frames[0], s, 0.0)
        i = station(t, s) + 8
        for share in (-0.6, 0.6):
            width = t.width_left[i % len(t.s)] if share > 0 else t.width_right[i % len(t.s)]
            point = model.pixel(ground.point(i, share * width))
            if 0 < point[0] < SIZE[0] and 0 < point[1] < SIZE[1]:
                assert is_asphalt(colour_at(picture, model, ground.point(i, share * width)))
        for side, name in ((1.0, "left"), (-1.0, "right")):
            k = i % len(t.s)
            inner = getattr(t, f"width_{name}")[k] + getattr(t, f"kerb_{name}")[k]
            point = ground.point(i, side * (inner + 0.4 * (getattr(t, f"wall_{name}")[k] - inner)))
            column, row = model.pixel(point)
            if not (0 < column < SIZE[0] and 0 < row < SIZE[1]):
                continue
            if getattr(t, f"runoff_{name}")[k] == GRAVEL and getattr(t, f"runoff_{name}")[k - 1] == GRAVEL:
                assert is_gravel(colour_at(picture, model, point))
                gravel += 1
            elif getattr(t, f"runoff_{name}")[k - 1] != GRAVEL:
                assert is_grass(colour_at(picture, model, point))
                grass += 1
        sky = picture[: 60 if track == FLAT else 20].reshape(-1, 3).astype(int)
        assert (sky[:, 2] > sky[:, 1]).all()
        assert (sky[:, 1] > sky[:, 0]).all()
        assert sky.mean() > 130
    assert grass > 20
    assert gravel > 3


def test_the_road_goes_on_across_the_start_line(placed: Placed) -> None:
    world, _ = placed(FLAT, [(0.0, 0.0)])
    t, ground = world.track, Ground(world.track)
    s = t.length_m - 16.0
    _, frames = placed(FLAT, [(s, 0.0)])
    picture = Camera(world, size=SIZE).draw(frames)[0]
    model = Pinhole(VIEWS["cockpit"], SIZE, ground, frames[0], s, 0.0)
    for i in (-3, -1, 1, 2, 6):
        assert is_asphalt(colour_at(picture, model, ground.point(i, -2.0)))
    line = 0.8 * ground.point(0, -2.0) + 0.2 * ground.point(1, -2.0)
    assert colour_at(picture, model, line).min() > 200


@pytest.mark.parametrize("view", ["cockpit", "chase"])
@pytest.mark.parametrize("track", [FLAT, HILLY, BANKED])
def test_nothing_shines_through_the_seams_of_the_road(placed: Placed, track: str, view: str) -> None:
    """No bright dot amid dark asphalt, wherever one looks."""
    places = [(float(s), (-2.5, 0.0, 2.5)[k % 3]) for k, s in enumerate(np.arange(20.0, 4000.0, 41.0))]
    for heading in (0.0, 0.5, -0.9, 1.6, 3.1):
        world, frames = placed(track, places, heading)
        seen_from = replace(VIEWS[view], own_car=False)
        pictures = Camera(world, view=seen_from, size=(320, 240), color="gray").draw(frames)[..., 0]
        inner, dark = pictures[:, 1:-1, 1:-1], pictures < 100
        around = dark[:, :-2, 1:-1] & dark[:, 2:, 1:-1] & dark[:, 1:-1, :-2] & dark[:, 1:-1, 2:]
        dots = np.argwhere((inner > 130) & around)
        # Far away one pixel may well be a piece of line between two bends.
        assert not len(dots[dots[:, 1] > 135]), f"{places[dots[0][0]]} heading {heading}: {dots[:4]}"


@pytest.mark.parametrize("track", [FLAT, HILLY])
def test_barriers_stand_before_what_is_behind_them(placed: Placed, track: str) -> None:
    """Half way up each barrier within 45 m there is barrier, not meadow or wood, wherever one looks."""
    looked_at, missing, half_way_up = 0, 0, np.array([0.0, 0.0, 0.5])
    for k, s in enumerate(np.arange(20.0, 4000.0, 149.0)):
        for heading in (0.0, 0.8, -0.9, 1.6, -1.7, 3.1):
            offset = (-2.5, 0.0, 2.5)[k % 3]
            world, frames = placed(track, [(s, offset)], heading)
            t, ground = world.track, Ground(world.track)
            picture = Camera(world, size=SIZE).draw(frames)[0]
            model = Pinhole(VIEWS["cockpit"], SIZE, ground, frames[0], s, offset)
            for i in range(station(t, s) - 18, station(t, s) + 19):
                for side, wall in ((1.0, t.wall_left), (-1.0, t.wall_right)):
                    at = ground.point(i, side * wall[i % len(t.s)]) + half_way_up
                    after = ground.point(i + 1, side * wall[(i + 1) % len(t.s)]) + half_way_up
                    column, row = model.pixel(0.5 * (at + after))
                    if not (2.0 < column < SIZE[0] - 2.0 and 2.0 < row < SIZE[1] - 2.0):
                        continue
                    colour = picture[int(row), int(column)].astype(int)
                    looked_at += 1
                    missing += not (np.ptp(colour) < 25 and 140 < colour.mean() < 205)
    assert looked_at > 1500
    assert missing < 0.01 * looked_at, "but for the inside of hairpins, where one barrier hides another's foot"


def test_haze_makes_the_distance_pale(placed: Placed) -> None:
    world, frames = placed(FLAT, [(200.0, 0.0)])
    ground = Ground(world.track)
    picture = Camera(world, size=SIZE).draw(frames)[0]
    model = Pinhole(VIEWS["cockpit"], SIZE, ground, frames[0], 200.0, 0.0)
    near, far = (colour_at(picture, model, ground.point(station(world.track, s), -2.0)) for s in (215.0, 450.0))
    assert far.mean() > near.mean() + 10


def test_kerbs_are_red_and_white_inside_a_corner(placed: Placed) -> None:
    world, _ = placed(FLAT, [(0.0, 0.0)])
    t, ground = world.track, Ground(world.track)
    corner = next(c for c in t.corners if c.name == "Prima Variante")
    apex = station(t, corner.apex_m)
    side, width, kerb = (
        (1.0, t.width_left, t.kerb_left) if t.curvature[apex] > 0 else (-1.0, t.width_right, t.kerb_right)
    )
    assert kerb[apex] > 0.8
    s = corner.apex_m - 24.0
    _, frames = placed(FLAT, [(s, 0.0)])
    picture = Camera(world, view="chase", size=SIZE).draw(frames)[0]
    model = Pinhole(VIEWS["chase"], SIZE, ground, frames[0], s, 0.0)
    red = []
    for i in range(apex - 3, apex + 2):
        if kerb[i] < 0.8:
            continue
        middle = 0.5 * (ground.point(i, side * (width[i] + 0.6)) + ground.point(i + 1, side * (width[i + 1] + 0.6)))
        colour = colour_at(picture, model, middle)
        assert colour[0] > 180, "kerbs are bright in red"
        red.append(bool(colour[1] < 90))
    assert len(red) > 3
    assert all(a != b for a, b in pairwise(red)), "stripe by stripe"


def changed(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the pixels that differ visibly."""
    return np.nonzero(np.abs(picture.astype(int) - other.astype(int)).max(axis=-1) > 25)


@pytest.mark.parametrize(("ahead", "offset"), [(9.0, 0.0), (16.0, 3.0), (30.0, -2.5), (60.0, 1.0)])
@pytest.mark.parametrize("track", [FLAT, HILLY])
def test_another_car_is_where_it_drives(placed: Placed, track: str, ahead: float, offset: float) -> None:
    s = 100.0  # a straight of both
    world, frames = placed(track, [(s, 0.0), (s + ahead, offset)])
    camera = Camera(world, size=SIZE)
    rows, columns = changed(camera.draw(frames[:1])[0], camera.draw(frames[:1], others=frames)[0])
    ground, figures = Ground(world.track), world.car.values
    model = Pinhole(VIEWS["cockpit"], SIZE, ground, frames[0], s, 0.0)
    yaw = frames[1, channels.COLUMNS["yaw"]][0]
    foot = np.append(frames[1, channels.COLUMNS["world_position"]][:2], ground.at("height", s + ahead))
    forward, left = (
        np.array([np.cos(yaw), np.sin(yaw), ground.at("grade", s + ahead)]),
        np.array([-np.sin(yaw), np.cos(yaw), 0.0]),
    )
    half_length, half_width = 0.5 * figures["chassis_length"], 0.5 * figures["chassis_width"]
    corners = np.array(
        [
            model.pixel(foot + x * half_length * forward + y * half_width * left + [0.0, 0.0, z])
            for x in (-1.0, 1.0)
            for y in (-1.0, 1.0)
            for z in (0.0, 1.2)
        ]
    )
    low, high = corners.min(axis=0), corners.max(axis=0)
    room = 0.15 * (high - low) + 2.0  # wing, shadow
    assert columns.min() > low[0] - room[0]
    assert columns.max() < high[0] + room[0]
    assert rows.min() > low[1] - room[1]
    assert rows.max() < high[1] + room[1]
    assert len(rows) > 0.45 * np.prod(high - low)


def test_cars_behind_and_far_away_are_not_seen(placed: Placed) -> None:
    world, frames = placed(FLAT, [(300.0, 0.0), (280.0, 0.0), (300.0 + 2800.0, 0.0)])
    camera = Camera(world, size=SIZE)
    np.testing.assert_array_equal(camera.draw(frames[:1], others=frames), camera.draw(frames[:1]))


def test_a_nearer_car_hides_a_farther_one(placed: Placed) -> None:
    world, frames = placed(FLAT, [(300.0, 0.0), (312.0, 0.0), (330.0, 0.0)])
    camera = Camera(world, size=SIZE)
    both, near = camera.draw(frames[:1], others=frames)[0], camera.draw(frames[:1], others=frames[:2])[0]
    rows, _ = changed(both, near)
    assert len(rows) < 40, "only what sticks out beside it"


def test_a_crest_hides_the_car_behind_it(placed: Placed) -> None:
    """The Corkscrew: the road falls away behind its top."""
    s, gap = 2340.0, 200.0
    world, frames = placed("ks_laguna_seca", [(s, 0.0), (s + gap, 0.0)])
    ground = Ground(world.track)
    between = np.linspace(0.0, gap, 50)
    eye, roof = ground.at("height", s) + VIEWS["cockpit"].up, ground.at("height", s + gap) + 1.3
    over_sight = [ground.at("height", s + d) - (eye + (roof - eye) * d / gap) for d in between]
    assert max(over_sight) > 2.0
    camera = Camera(world, size=SIZE)
    assert not len(changed(camera.draw(frames[:1])[0], camera.draw(frames[:1], others=frames)[0])[0])
    _, frames = placed("ks_laguna_seca", [(s + gap - 40.0, 0.0), (s + gap, 0.0)])
    assert len(changed(camera.draw(frames[:1])[0], camera.draw(frames[:1], others=frames)[0])[0]) > 100


def test_brake_lights_tell_of_braking(placed: Placed) -> None:
    world, frames = placed(FLAT, [(300.0, 0.0), (312.0, 0.0)])
    camera = Camera(world, size=SIZE)
    frames[1, channels.COLUMNS["brake"]] = 0.0
    off = camera.draw(frames[:1], others=frames)[0].astype(int)
    frames[1, channels.COLUMNS["brake"]] = 0.8
    on = camera.draw(frames[:1], others=frames)[0].astype(int)
    rows, columns = np.nonzero(on[..., 0] > off[..., 0] + 40)
    assert len(rows) > 50
    assert np.ptp(columns) > 2 * np.ptp(rows), "two lamps side by side"


def test_the_top_view_has_the_car_heading_up(placed: Placed) -> None:
    world, frames = placed(FLAT, [(900.0, 0.0)], heading=0.3)
    ground, view = Ground(world.track), VIEWS["top"]
    picture = Camera(world, view="top", size=SIZE).draw(frames)[0]
    bare = Camera(world, view=View(view.forward, view.up, view.pitch, view.fov, view.rise, view.axis), size=SIZE)
    rows, columns = changed(picture, bare.draw(frames)[0])
    assert np.ptp(rows) > 1.6 * np.ptp(columns), "longer than wide"
    assert abs(columns.mean() - 0.5 * SIZE[0]) < 2.0
    assert abs(rows.mean() - view.axis * SIZE[1]) < 6.0
    model = Pinhole(view, SIZE, ground, frames[0], 900.0, 0.0)
    i = station(world.track, 915.0)
    assert is_asphalt(colour_at(picture, model, ground.point(i, 0.0)))


def test_the_bonnet_is_in_the_way_only_where_asked(placed: Placed) -> None:
    world, frames = placed(FLAT, [(300.0, 0.0)])
    rows, columns = changed(Camera(world).draw(frames)[0], Camera(world, bonnet=True).draw(frames)[0])
    assert rows.min() > 0.65 * SIZE[1]
    assert np.ptp(columns) > 0.9 * SIZE[0]


def test_the_racing_line_is_drawn_where_asked(placed: Placed) -> None:
    world, frames = placed(FLAT, [(300.0, 0.0)])
    t, ground = world.track, Ground(world.track)
    picture = Camera(world, racing_line=True).draw(frames)[0]
    model = Pinhole(VIEWS["cockpit"], SIZE, ground, frames[0], 300.0, 0.0)
    i = station(t, 314.0)
    assert np.ptp(colour_at(picture, model, ground.point(i, t.line_offset[i]))) > 80
    assert np.ptp(colour_at(Camera(world).draw(frames)[0], model, ground.point(i, t.line_offset[i]))) < 12


def test_motion_shows_on_the_grass_and_on_the_road(placed: Placed) -> None:
    """A step of 0.04 s at 40 m/s changes pictures that have no corner in sight."""
    world, first = placed(FLAT, [(300.0, 0.0)])
    _, second = placed(FLAT, [(301.6, 0.0)])
    camera = Camera(world, size=(84, 84), color="gray")
    moved = np.abs(camera.draw(first)[0].astype(int) - camera.draw(second)[0].astype(int))[..., 0]
    assert (moved[42:] > 3).mean() > 0.005
