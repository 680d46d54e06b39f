"""Telemetry rows a second to Parquet, and what recording video costs the one who makes the pictures.

    python benchmarks/recording.py [--seconds 60] [--output benchmarks/results/recording.json]

`rows`: 100 float64 channels from memory to a complete Parquet file, journal included, handed over 64 rows at a time as
a batch of cars does; beside pyarrow with its defaults, pyarrow without dictionaries, pyarrow that stores just what the
recorder does (no compression and no statistics either), each one table at once with no journal, and pandas from a dict
a row. The ways take turns and the best turn of each counts, as other programs disturb all alike.
`video`: a producer of 1280x720 pictures at 60 a second in the same process puts each of them
and a state into a recorder (H.264, Parquet); its period without recording and with it, the time that `put` takes, and
pictures lost. Every picture carries its number, which is decoded from the video and compared with the index.
`standin`: the same of `ac-gym serve --fps 60 --pictures 1280x720` with `ac-gym record` beside it, each a process of its
own; the period is that of the frames that the pictures show, alone over 20 seconds, then while recording. The exit
status is 1 where a limit is missed: 1.07 times the rows of pyarrow without dictionaries (it makes 373,000 a second on a
quiet machine: 400,000); mean period within 2 %; nothing lost unsaid.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ac_gym.capture import Frame, Source, open_source
from ac_gym.channels import WIDTH
from ac_gym.recording.background import Background
from ac_gym.recording.pictures import PictureSettings
from ac_gym.recording.reading import read_recording
from ac_gym.recording.recorder import Recorder, RecorderSettings
from ac_gym.recording.schema import Header
from ac_gym.recording.table_file import TableFile

CHANNELS, BATCH, ROWS_LIMIT, PERIOD_LIMIT = 100, 64, 1.07, 0.02
WAITING = 20_000  # rows, as the recorder of states lets wait; more of them is memory that is not in the cache
PEER = "pyarrow, no dictionaries"
ALIKE = "pyarrow, nothing but the values"
TURNS = 5
WIDTH_PX, HEIGHT_PX, RATE = 1280, 720, 60.0
_BLOCK, _BITS = 32, 16


def rows_a_second(folder: Path, rows: int) -> dict[str, float]:
    """Best of TURNS of each way."""
    schema = pa.schema([(f"c{i}", pa.float64()) for i in range(CHANNELS)])
    data = np.random.default_rng(0).normal(size=(rows, CHANNELS)).cumsum(0)
    path = folder / "a.parquet"

    def ours() -> None:
        file = TableFile(path, schema)

        def write(batch: np.ndarray) -> None:
            file.write(batch)

        thread = Background(path, write, capacity=WAITING, idle=file.flush_when_due, rest=0.1)
        for start in range(0, rows, BATCH):
            thread.put(data[start : start + BATCH].copy(), BATCH, wait=True)
        thread.join()
        file.close({})

    def whole(**options: Any) -> Callable[[], None]:
        def write() -> None:
            table = pa.Table.from_arrays([pa.array(column) for column in np.ascontiguousarray(data.T)], schema=schema)
            pq.write_table(table, path, **options)

        return write

    def pandas_dicts() -> None:
        import pandas as pd

        names = schema.names
        dicts = [dict(zip(names, row, strict=True)) for row in data[: rows // 20].tolist()]
        pd.DataFrame(dicts).to_parquet(path)

    ways = {
        "recorder": (ours, rows), "pyarrow, defaults": (whole(), rows),
        PEER: (whole(use_dictionary=False), rows),
        ALIKE: (whole(use_dictionary=False, compression="none", write_statistics=False), rows),
        "pandas of dicts": (pandas_dicts, rows // 20),
    }  # fmt: skip
    if importlib.util.find_spec("pandas") is None:
        del ways["pandas of dicts"]
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, (way, count) in ways.items():
            seen[name].append(_rates(way, count, path))
    wall = {name: max(wall for wall, _ in rates) for name, rates in seen.items()}
    cpu = {f"{name}, a second of CPU": max(cpu for _, cpu in rates) for name, rates in seen.items()}
    return {**wall, **cpu, **{f"recorder / {peer}": wall["recorder"] / wall[peer] for peer in (PEER, ALIKE)}}


def _rates(way: Callable[[], None], rows: int, path: Path) -> tuple[float, float]:
    """Rows a second, and a second of this process's CPU time: on a busy machine the one that tells."""
    began, worked = time.perf_counter(), time.process_time()
    way()
    rates = rows / (time.perf_counter() - began), rows / (time.process_time() - worked)
    path.unlink()
    return rates


def video(folder: Path, seconds: float) -> dict[str, float]:
    """The producer alone, then with a recorder."""
    pool = [_drawn(i) for i in range(16)]
    alone = _produce(pool, min(seconds, 10.0), lambda frame, state: None)
    frame = np.zeros(WIDTH)
    with Recorder(folder, Header(), RecorderSettings(pictures=PictureSettings()), pictures=_Nobody()) as recorder:
        pictures = recorder.pictures
        assert pictures is not None

        def put(picture: Frame, at: float) -> None:
            pictures.put(picture)
            recorder.put(frame, at)

        recorded = _produce(pool, seconds, put)
    summary = recorder.close()
    assert summary.problem is None, summary.problem
    index = read_recording(folder / "01_pictures.parquet").table.column("number").to_pylist()
    decoded = _numbers(folder / "01_video.mp4")
    return {
        "pictures": recorded["made"], "kept": summary.pictures, "dropped_and_said": summary.pictures_dropped,
        "video_frames_as_in_the_index": sum(a == b for a, b in zip(decoded, index, strict=True)),
        "lost_unsaid": recorded["made"] - summary.pictures - summary.pictures_dropped,
        "period_ms_alone": alone["mean"], "period_ms_recording": recorded["mean"],
        "period_ratio": recorded["mean"] / alone["mean"], "period_p99_ms_alone": alone["p99"],
        "period_p99_ms_recording": recorded["p99"], "put_us_mean": recorded["put_mean"],
        "put_us_p99": recorded["put_p99"], "states": summary.states, "states_dropped": summary.dropped,
    }  # fmt: skip


class _Nobody:
    """A source that the recorder's own thread finds empty; the producer puts the pictures itself."""

    def get_frame(self, wait_for_new_frame: bool = True, timeout: float = 1.0) -> Frame:
        from ac_gym.errors import RecordingError

        time.sleep(timeout)
        raise RecordingError("the producer puts them itself")


def _produce(pool: list[np.ndarray], seconds: float, put: Callable[[Frame, float], None]) -> dict[str, float]:
    """Pictures at RATE on an absolute schedule; periods in ms, the cost of `put` in us."""
    made, times, costs = 0, [], []
    began = time.perf_counter()
    while made < seconds * RATE:
        time.sleep(max(0.0, began + made / RATE - time.perf_counter()))
        now = time.perf_counter()
        image = pool[made % len(pool)].copy()
        _write_number(image, made)
        before = time.perf_counter()
        put(Frame(image, made, now), now)
        costs.append(time.perf_counter() - before)
        times.append(now)
        made += 1
    periods = np.diff(times) * 1e3
    return {
        "made": made, "mean": float(periods.mean()), "p99": float(np.percentile(periods, 99)),
        "put_mean": 1e6 * float(np.mean(costs)), "put_p99": 1e6 * float(np.percentile(costs, 99)),
    }  # fmt: skip


def standin(folder: Path, seconds: float) -> dict[str, float]:
    """The stand-in host alone, then with `ac-gym record` beside it."""
    name = f"ac_gym_benchmark_{uuid.uuid4().hex[:8]}"
    with serving(name) as ports, open_source("shm", name, size=(32, 18), color="gray") as source:
        alone = _period_ms(source, min(seconds, 20.0))
        where = [f"--ego-port={ports['ego']}", f"--management-port={ports['management']}", f"--duration={seconds}"]
        asked = ["--session=standin", f"--folder={folder}", "--pictures=shm", f"--pictures-name={name}", *where]
        subprocess.run([sys.executable, "-m", "ac_gym.cli.main", "record", *asked], check=True)
    index = read_recording(folder / "standin" / "01_pictures.parquet")
    end = index.header.end
    times, numbers = (index.table.column(name).to_numpy() for name in ("time", "number"))
    frames = (numbers[-1] - numbers[0]) / 2  # the game counts its frames by twos
    period = 1e3 * (times[-1] - times[0]) / frames
    apart = np.diff(times) / (np.diff(numbers) / 2) * 1e3
    return {
        "frames": int(frames) + 1, "kept": len(times),
        "dropped_and_said": end["dropped"], "missed_and_said": end["missed"],
        "lost_unsaid": int(frames) + 1 - len(times) - end["dropped"] - end["missed"],
        "period_ms_alone": alone, "period_ms_recording": period, "period_ratio": period / alone,
        "period_p99_ms_recording": float(np.percentile(apart, 99)),
    }  # fmt: skip


def _period_ms(source: Source, seconds: float) -> float:
    first = source.get_frame(True, 10.0)
    number, began = first.number, first.time
    time.sleep(seconds)
    last = source.get_frame(True, 10.0)
    return 1e3 * (last.time - began) / ((last.number - number) / 2)


@contextmanager
def serving(name: str) -> Iterator[dict[str, int]]:
    """A stand-in host in a process of its own, its pictures and pages under that name; gives its ports."""
    options = [f"--fps={RATE:g}", f"--pictures={WIDTH_PX}x{HEIGHT_PX}", f"--pictures-name={name}", f"--pages={name}"]
    options += [f"--{kind}-port=0" for kind in ("ego", "management", "opponents", "udp")]
    command = [sys.executable, "-m", "ac_gym.cli.main", "serve", "--print-ports", "--quiet", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = next(line for line in process.stdout if line.startswith("{"))
        yield json.loads(ready)["ports"]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30.0)


def _drawn(number: int) -> np.ndarray:
    """A road of sorts: smooth shades, lines that move, and some grain."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    grain = np.random.default_rng(number).integers(0, 12, (HEIGHT_PX, WIDTH_PX))
    shade = 90 + 60 * np.sin((x + 23 * number) / 90.0) * np.cos((y - 11 * number) / 70.0) + grain
    return np.repeat(np.clip(shade, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def _write_number(image: np.ndarray, number: int) -> None:
    for bit in range(_BITS):
        image[:_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = 255 * (number >> bit & 1)


def _numbers(path: Path) -> list[int]:
    import av

    middles = slice(_BLOCK // 2, _BITS * _BLOCK, _BLOCK)
    with av.open(str(path)) as video:
        rows = (frame.to_ndarray(format="gray")[_BLOCK // 2, middles] for frame in video.decode(video=0))
        return [sum(int(value > 127) << bit for bit, value in enumerate(row)) for row in rows]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--folder", type=Path, help="disk to write to; default: the temporary folder's")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        result: dict[str, Any] = {
            "python": sys.version.split()[0], "pyarrow": pa.__version__, "cores": os.cpu_count(),
            "rows_a_second": rows_a_second(Path(folder), options.rows),
            "video_1280x720_60": video(Path(folder), options.seconds),
            "standin_1280x720_60": standin(Path(folder), options.seconds),
        }  # fmt: skip
    text = json.dumps(result, indent=1)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    videos = result["video_1280x720_60"], result["standin_1280x720_60"]
    whole = videos[0]["video_frames_as_in_the_index"] == videos[0]["kept"]
    whole &= all(seen["lost_unsaid"] == 0 for seen in videos)
    steady = all(abs(seen["period_ratio"] - 1.0) <= PERIOD_LIMIT for seen in videos)
    return 0 if result["rows_a_second"][f"recorder / {PEER}"] >= ROWS_LIMIT and whole and steady else 1


if __name__ == "__main__":
    sys.exit(main())
