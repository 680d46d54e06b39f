"""`ac-gym stream`: telemetry for other programs over WebSocket, and a dashboard for people."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ac_gym.errors import AcGymError, MissingPackageError

if TYPE_CHECKING:
    from ac_gym.telemetry.stream import TelemetryStream


def stream(
    rate: Annotated[float, typer.Option(help="snapshots a second, 1 to 60")] = 10.0,
    host: Annotated[str, typer.Option(help="network interface to serve on")] = "localhost",
    port: Annotated[int, typer.Option(help="TCP; 0: a free one")] = 8765,
    allow_remote: Annotated[bool, typer.Option(help="let other machines connect")] = False,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="another web page that may connect, such as http://localhost:3000; may be repeated"),
    ] = None,
    pages: Annotated[str, typer.Option(help="first part of the shared-memory pages' names")] = "acpmf",
    quiet: Annotated[bool, typer.Option(help="nothing but errors")] = False,
) -> None:
    """Stream telemetry to WebSocket clients, one JSON snapshot a message, with a dashboard at the same address."""
    try:
        from ac_gym.telemetry.stream import TelemetryStream
    except ModuleNotFoundError as error:
        raise MissingPackageError("websockets", "stream") from error

    say = (lambda line: None) if quiet else (lambda line: print(line, flush=True))
    server = TelemetryStream(
        pages=pages, rate=rate, host=host, port=port, origins=allow_origin or (), allow_remote=allow_remote,
        track_shape=track_shape, on_log=say,
    )  # fmt: skip

    def ready() -> None:
        at = f"{_in_address(host)}:{server.port}"
        say(f"streaming at ws://{at}, {rate:g} a second; the dashboard is at http://{at}/ (Ctrl-C ends)")

    try:
        asyncio.run(_run(server, ready))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say(f"{server.sent} snapshots were streamed, {server.dropped} slow clients dropped")


async def _run(server: TelemetryStream, ready: Callable[[], None]) -> None:
    task = asyncio.current_task()
    assert task is not None
    with contextlib.suppress(NotImplementedError):  # Windows has no SIGTERM
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await server.run(ready)


def track_shape(name: str) -> dict[str, Any] | None:
    """What the dashboard draws of a circuit; None for one that ac_gym does not know."""
    from ac_gym.track import load_track
    from ac_gym.track.outline import outline

    try:
        return outline(load_track(name))
    except AcGymError:
        return None


def _in_address(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "localhost"
    return f"[{host}]" if ":" in host else host
