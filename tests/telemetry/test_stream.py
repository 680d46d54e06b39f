"""`ac-gym stream`: any client that speaks WebSocket, none that can hold up the others, and no page from elsewhere."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from publishing import FakeGame

from ac_gym.errors import ConfigError
from ac_gym.telemetry.pages import Status

websockets = pytest.importorskip("websockets", reason="needs the extra 'stream'")

from ac_gym.telemetry.stream import TelemetryStream  # noqa: E402

DOCUMENTED_CLIENT = """
import asyncio
import json
import websockets

async def receive():
    async with websockets.connect("ws://localhost:8765") as ws:
        async for message in ws:
            data = json.loads(message)
            print(data['speed_kmh'], data['rpm'])

asyncio.run(receive())
"""
"""as the telemetry parser's users have it"""

Client = Callable[[TelemetryStream], Coroutine[Any, Any, None]]


def serve(game: FakeGame, client: Client, **options: Any) -> list[str]:
    """Runs a stream until `client` is done; the lines that it logged."""
    lines: list[str] = []

    async def run() -> None:
        stream = TelemetryStream(**{"pages": game.pages, "rate": 60.0, "port": 0, "on_log": lines.append} | options)
        ready = asyncio.Event()
        server = asyncio.create_task(stream.run(ready.set))
        try:
            await asyncio.wait_for(ready.wait(), 10.0)
            await asyncio.wait_for(client(stream), 30.0)
        finally:
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)

    asyncio.run(run())
    return lines


def connect(stream: TelemetryStream, **options: Any) -> Any:
    return websockets.connect(f"ws://localhost:{stream.port}", **options)


def test_one_snapshot_a_message(game: FakeGame) -> None:
    game.show(speedKmh=145.3, rpms=5420, numberOfTyresOut=1)

    async def client(stream: TelemetryStream) -> None:
        before = time.time()
        async with connect(stream) as ws:
            first, second = json.loads(await ws.recv()), json.loads(await ws.recv())
        assert (first["speed_kmh"], first["rpm"], first["is_lap_valid"], first["track"]) == (145.3, 5420, True, "monza")
        assert before < first["timestamp"] < second["timestamp"] <= time.time()

    lines = serve(game, client)
    assert "has connected, 1 in all" in lines[0]


def test_the_documented_client_works_as_it_stands(game: FakeGame) -> None:
    game.show(speedKmh=77.5, rpms=4000)

    async def client(stream: TelemetryStream) -> None:
        code = DOCUMENTED_CLIENT.replace("8765", str(stream.port))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-uc", code, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"77.5 4000\n"
        finally:
            process.kill()
            await process.communicate()

    serve(game, client)


def test_the_rate_is_kept(game: FakeGame) -> None:
    async def client(stream: TelemetryStream) -> None:
        async with connect(stream) as ws:
            times = [json.loads(await ws.recv())["timestamp"] for _ in range(11)]
        assert 0.9 < (times[-1] - times[0]) / 0.5 < 10.0  # a busy machine leaves turns out, and never adds any

    serve(game, client, rate=20.0)


def test_laps_are_judged_between_messages(game: FakeGame) -> None:
    async def client(stream: TelemetryStream) -> None:
        async with connect(stream) as ws:
            assert json.loads(await ws.recv())["is_lap_valid"] is True
            game.show(numberOfTyresOut=4, iCurrentTime=1000)
            await asyncio.sleep(0.2)
            game.show(numberOfTyresOut=0, iCurrentTime=1200)
            message = json.loads(await ws.recv())
            assert (message["number_of_tyres_out"], message["is_lap_valid"]) == (0, False)

    serve(game, client, rate=1.0)


def test_a_stalled_client_is_dropped_and_harms_nobody(game: FakeGame) -> None:
    gaps: list[float] = []

    async def client(stream: TelemetryStream) -> None:
        with stalled(stream.port):
            async with connect(stream) as ws:
                last = time.perf_counter()
                while not stream.dropped:
                    await ws.recv()
                    gaps.append(time.perf_counter() - last)
                    last = time.perf_counter()
                await ws.recv()

    lines = serve(game, client)
    assert sum("which does not read what it is sent" in line for line in lines) == 1
    assert sorted(gaps)[len(gaps) // 2] < 0.5  # it took longer than this to find it out


class stalled:  # noqa: N801
    """A client that says hello and never reads."""

    def __init__(self, port: int) -> None:
        self._end = socket.socket()
        self._end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._end.connect(("127.0.0.1", port))
        key = base64.b64encode(bytes(16)).decode()
        self._end.sendall(
            f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._end.close()


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:1"])
def test_a_page_from_elsewhere_is_refused(game: FakeGame, origin: str) -> None:
    async def client(stream: TelemetryStream) -> None:
        with pytest.raises(websockets.InvalidStatus) as refusal:
            async with connect(stream, origin=origin):
                pass
        assert refusal.value.response.status_code == 403
        assert b"--allow-origin" in refusal.value.response.body
        async with connect(stream, origin=f"http://localhost:{stream.port}") as ws:
            await ws.recv()

    serve(game, client)


def test_a_page_that_the_user_names_may_connect(game: FakeGame) -> None:
    async def client(stream: TelemetryStream) -> None:
        async with connect(stream, origin="http://my.page") as ws:
            await ws.recv()

    serve(game, client, origins=["http://my.page"])


def test_nothing_is_sent_while_the_game_does_not_run(game: FakeGame) -> None:
    game.show(status=Status.OFF)

    async def client(stream: TelemetryStream) -> None:
        async with connect(stream) as ws:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ws.recv(), 0.7)
            game.show(status=Status.LIVE)
            assert json.loads(await ws.recv())["status"] == Status.LIVE

    serve(game, client)


def get(url: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10.0) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def test_the_dashboards_files_and_nothing_else(game: FakeGame) -> None:
    async def client(stream: TelemetryStream) -> None:
        at = f"http://localhost:{stream.port}"
        found = {}
        for path in ("/", "/main.js?1", "/style.css", "/__init__.py", "/../stream.py", "/etc/passwd", "/track.json"):
            found[path] = await asyncio.to_thread(get, at + path)
        assert [found[path][0] for path in found] == [200, 200, 200, 404, 404, 404, 404]
        assert b"<canvas" in found["/"][2]
        assert found["/main.js?1"][1].startswith("text/javascript")

    serve(game, client)


def test_the_shape_of_the_track_is_asked_for_once(game: FakeGame) -> None:
    asked: list[str] = []

    def shape(name: str) -> dict[str, Any]:
        asked.append(name)
        return {"title": name}

    async def client(stream: TelemetryStream) -> None:
        async with connect(stream) as ws:
            await ws.recv()
        for _ in range(2):
            status, kind, body = await asyncio.to_thread(get, f"http://localhost:{stream.port}/track.json")
            assert (status, kind, json.loads(body)) == (200, "application/json", {"title": "ks_silverstone-gp"})

    game.show(track="ks_silverstone", trackConfiguration="gp")
    serve(game, client, track_shape=shape)
    assert asked == ["ks_silverstone-gp"]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"rate": 61.0}, "1 to 60"), ({"rate": 0.5}, "1 to 60"), ({"host": "0.0.0.0"}, "--allow-remote")],
)
def test_settings_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TelemetryStream(**options)


def test_a_port_that_is_taken(game: FakeGame) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        stream = TelemetryStream(pages=game.pages, host="127.0.0.1", port=other.getsockname()[1])
        with pytest.raises(ConfigError, match="choose another --port"):
            asyncio.run(stream.run())


@pytest.fixture
def command(game: FakeGame) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "ac_gym.cli.main", "stream", "--pages", game.pages, *arguments],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_command_says_where_it_is_and_ends_cleanly(command: Callable[..., subprocess.Popen[str]]) -> None:
    process = command("--port", "0", "--rate", "30")
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "streaming at ws://localhost:" in line
    port = line.split("ws://localhost:")[1].split(",")[0]
    status, _, _ = get(f"http://localhost:{port}/")
    process.terminate()
    out, errors = process.communicate(timeout=20.0)
    assert (status, process.returncode, errors) == (200, 0, "")
    assert "slow clients dropped" in out


def test_a_mistake_is_one_line(command: Callable[..., subprocess.Popen[str]]) -> None:
    _, errors = command("--rate", "1000").communicate(timeout=30.0)
    assert errors == "error: the rate must be 1 to 60 a second, is 1000\n"
