"""Reading the game's pages, and streaming them to many clients.

    python benchmarks/telemetry.py [--seconds 20] [--clients 50] [--output benchmarks/results/telemetry.json]

Snapshot: the median over batches of the time of one read, with the pages written at 333 Hz by another process, beside a
reader written as usual: a ctypes structure a page, filled with `from_buffer_copy`, once, so that it may be torn. Ours
reads each page twice, until two copies agree. `all fields`: every number made a Python one.

Stream: 60 snapshots a second to 50 WebSocket clients. Latency is from the reading of the pages (`timestamp`) to the
message in the client's hands, over all messages of all clients. `one process`: server and clients share one event loop.
`two processes`: all clients in another one. The clients read frames and no more, so that the figure is the server's; 50
clients of the library `websockets` in one process take turns at a core, which the last row shows. `stalled`: with one
more client, which never reads. The exit status is 1 where a limit is missed (physics 5 us, all three 15 us, p99 in one
process 5 ms).
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import math
import mmap
import multiprocessing
import os
import platform
import socket
import statistics
import sys
import time
import timeit
from collections.abc import Callable, Coroutine
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import websockets

from ac_gym.telemetry.pages import PAGES, Status, page_name
from ac_gym.telemetry.reader import TelemetryReader
from ac_gym.telemetry.shared_memory import SharedPage
from ac_gym.telemetry.stream import TelemetryStream

PHYSICS_LIMIT, SNAPSHOT_LIMIT, LATENCY_LIMIT = 5.0, 15.0, 5.0  # us, us, ms
BATCH, BATCHES = 500, 60
RATE = 60.0
WARM_UP_S = 2.0


# --- a game that drives, in a process of its own ----------------------------------------------------------------------
def play(pages: str, up: Event, over: Event) -> None:
    """Writes the pages 333 times a second."""
    rng = np.random.default_rng(0)
    records = {kind: np.zeros((), dtype) for kind, dtype in PAGES.items()}
    for record in records.values():
        for name in record.dtype.names:
            if record.dtype[name].base.kind == "f":
                record[name] = rng.normal(size=record.dtype[name].shape) * 100.0
    records["graphics"]["status"] = Status.LIVE
    shared = {kind: SharedPage.create(page_name(kind, pages), dtype) for kind, dtype in PAGES.items()}
    shared["static"].write(records["static"])
    shared["graphics"].write(records["graphics"])
    up.set()
    while not over.wait(0.003):
        records["physics"]["packetId"] += 1
        shared["physics"].write(records["physics"])
        shared["graphics"].write(records["graphics"])
    for page in shared.values():
        page.close()


# --- reading ----------------------------------------------------------------------------------------------------------
def structure(dtype: np.dtype) -> type[ctypes.Structure]:
    """The ctypes structure that readers usually have, with the same fields."""
    kinds = {"f": ctypes.c_float, "i": ctypes.c_int32, "u": ctypes.c_uint16}
    fields = []
    for name in dtype.names or ():
        kind: Any = kinds[dtype[name].base.kind]
        for length in reversed(dtype[name].shape):
            kind = kind * length
        fields.append((name, kind))
    made = type("Page", (ctypes.Structure,), {"_pack_": 4, "_layout_": "ms", "_fields_": fields})
    assert ctypes.sizeof(made) == dtype.itemsize
    return made


class UsualReader:
    """A page as readers in ctypes have it."""

    def __init__(self, kind: str, pages: str) -> None:
        self._structure = structure(PAGES[kind])
        size = PAGES[kind].itemsize
        if sys.platform == "win32":
            self._memory = mmap.mmap(-1, size, tagname=page_name(kind, pages), access=mmap.ACCESS_READ)
        else:
            with open(f"/dev/shm/{page_name(kind, pages)}", "rb") as file:
                self._memory = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)

    def read(self) -> ctypes.Structure:
        return self._structure.from_buffer_copy(self._memory)

    def values(self) -> dict[str, Any]:
        page = self.read()
        return {name: _plain(getattr(page, name)) for name, *_ in page._fields_}


def _plain(value: Any) -> Any:
    return [_plain(element) for element in value] if isinstance(value, ctypes.Array) else value


def microseconds(read: Callable[[], object], batch: int = BATCH) -> float:
    return 1e6 * statistics.median(timeit.repeat(read, number=batch, repeat=BATCHES)) / batch


def measure_reading(pages: str) -> dict[str, float]:
    usual = {kind: UsualReader(kind, pages) for kind in PAGES}
    with TelemetryReader(pages) as reader:
        return {
            "physics": microseconds(reader.physics),
            "peer: physics, ctypes, may be torn": microseconds(usual["physics"].read),
            "snapshot of three pages": microseconds(reader.snapshot),
            "peer: three pages, ctypes, may be torn": microseconds(lambda: [page.read() for page in usual.values()]),
            "all fields": microseconds(lambda: reader.snapshot().as_dict(), 20),
            "peer: all fields, ctypes": microseconds(lambda: [page.values() for page in usual.values()], 20),
            "JSON": microseconds(lambda: reader.snapshot().as_json(), 20),
        }


# --- streaming --------------------------------------------------------------------------------------------------------
class Reader(asyncio.Protocol):
    """A client that notes how old each message is, s, and does nothing else."""

    def __init__(self, port: int, latencies: list[float]) -> None:
        self._port, self._latencies = port, latencies
        self._data, self._upgraded = bytearray(), False
        self.begun = math.inf

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(hello(self._port))

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._data += data
        if not self._upgraded:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self._data.startswith(b"HTTP/1.1 101"), self._data
            del self._data[: end + 4]
            self._upgraded = True
        while len(self._data) >= 4:
            if self._data[0] == 0x89:  # a ping, which may go unanswered for 20 s
                if len(self._data) < 2 + self._data[1]:
                    return
                del self._data[: 2 + self._data[1]]
                continue
            assert self._data[:2] == b"\x81\x7e", "a text frame of 126 to 65535 bytes"
            end = 4 + int.from_bytes(self._data[2:4], "big")
            if len(self._data) < end:
                return
            if time.monotonic() > self.begun:
                self._latencies.append(now - sent_at(bytes(self._data[4:40])))
            del self._data[:end]


def sent_at(message: bytes) -> float:
    return float(message[13 : message.index(b",")])  # {"timestamp":1795273398.9963567,...


def hello(port: int) -> bytes:
    return (
        f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


async def read_frames(port: int, clients: int, seconds: float) -> list[float]:
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Reader(port, latencies), "127.0.0.1", port) for _ in range(clients)]
    await asyncio.sleep(WARM_UP_S)
    for _, reader in made:
        reader.begun = time.monotonic()
    await asyncio.sleep(seconds)
    for transport, _ in made:
        transport.abort()
    return latencies


async def read_with_websockets(port: int, clients: int, seconds: float) -> list[float]:
    latencies: list[float] = []
    begun = time.monotonic() + WARM_UP_S

    async def receive() -> None:
        async with websockets.connect(f"ws://127.0.0.1:{port}", compression=None) as ws:
            while time.monotonic() < begun + seconds:
                message = await ws.recv(decode=False)
                if time.monotonic() > begun:
                    latencies.append(time.time() - sent_at(message))

    await asyncio.gather(*(receive() for _ in range(clients)))
    return latencies


def stream_alone(pages: str, told: Connection) -> None:
    """The server, in a process of its own; ended by its parent."""
    stream = TelemetryStream(pages=pages, rate=RATE, port=0)
    asyncio.run(stream.run(lambda: told.send(stream.port)))


Clients = Callable[[int, int, float], Coroutine[Any, Any, list[float]]]


def two_processes(
    pages: str, clients: int, seconds: float, read: Clients = read_frames, *, stalled: bool = False
) -> dict[str, float]:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=stream_alone, args=(pages, theirs))
    server.start()
    try:
        port = ours.recv()
        with socket.create_connection(("127.0.0.1", port)) as beside:
            if stalled:
                beside.sendall(hello(port))
            return summary(asyncio.run(read(port, clients, seconds)), clients, seconds)
    finally:
        server.kill()
        server.join()


def one_process(pages: str, clients: int, seconds: float) -> dict[str, float]:
    async def run() -> list[float]:
        stream, ready = TelemetryStream(pages=pages, rate=RATE, port=0), asyncio.Event()
        server = asyncio.create_task(stream.run(ready.set))
        await ready.wait()
        latencies = await read_frames(stream.port, clients, seconds)
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
        return latencies

    return summary(asyncio.run(run()), clients, seconds)


def summary(latencies: list[float], clients: int, seconds: float) -> dict[str, float]:
    p50, p99 = 1e3 * np.percentile(latencies, [50, 99])
    return {
        "messages": len(latencies), "of": round(clients * seconds * RATE), "p50_ms": float(p50), "p99_ms": float(p99),
        "max_ms": 1e3 * max(latencies),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each stream")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    pages = f"ac_gym_benchmark_{os.getpid()}"
    spawn = multiprocessing.get_context("spawn")
    up, over = spawn.Event(), spawn.Event()
    game = spawn.Process(target=play, args=(pages, up, over))
    game.start()
    try:
        up.wait(60.0)
        reading = measure_reading(pages)
        load = (pages, options.clients, options.seconds)
        streams = {
            "one process": one_process(*load),
            "two processes": two_processes(*load),
            "two processes, one client stalled": two_processes(*load, stalled=True),
            "two processes, clients of websockets": two_processes(*load, read_with_websockets),
        }
    finally:
        over.set()
        game.join()
    for name, value in reading.items():
        print(f"{name:45s} {value:8.2f} us")
    for name, figures in streams.items():
        print(f"{name:37s} " + ", ".join(f"{key} {value:.4g}" for key, value in figures.items()))
    if options.output:
        figures = {"python": platform.python_version(), "clients": options.clients, "rate": RATE}
        options.output.write_text(json.dumps({**figures, "reading_us": reading, "stream": streams}, indent=1) + "\n")
    good = (
        reading["physics"] < PHYSICS_LIMIT
        and reading["snapshot of three pages"] < SNAPSHOT_LIMIT
        and streams["one process"]["p99_ms"] < LATENCY_LIMIT
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
