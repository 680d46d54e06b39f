"""A bad network between a client and a server on this machine: loses, doubles, reorders and holds back datagrams."""

from __future__ import annotations

import heapq
import itertools
import random
import select
import socket
import threading
import time
from dataclasses import dataclass


@dataclass
class Faults:
    """Chances a datagram, each way; may be changed while the proxy runs."""

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    """held back until the next ones have passed"""
    delay_s: float = 0.0


class UdpProxy:
    """Listens on `port`; passes a client's datagrams to `server` and the answers back, through `faults`."""

    def __init__(self, server: tuple[str, int], seed: int = 0) -> None:
        self.faults = Faults()
        self.passed = self.lost = self.doubled = self.reordered = 0
        self._server, self._client = server, None
        self._rng = random.Random(seed)
        self._front, self._back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self._front.bind(("127.0.0.1", 0))
        self._back.bind(("127.0.0.1", 0))
        self.port: int = self._front.getsockname()[1]
        self._held: list[tuple[float, int, socket.socket, tuple[str, int], bytes]] = []
        self._order = itertools.count()
        self._stalled = self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> UdpProxy:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping = True
        self._thread.join()
        self._front.close()
        self._back.close()

    def stall(self, seconds: float) -> None:
        """Holds everything back for so long; returns when all of it was delivered, so that nobody sees it drip in."""
        self._stalled = True
        time.sleep(seconds)
        self._stalled = False
        while any(due <= time.monotonic() for due, *_ in list(self._held)):
            time.sleep(0.001)

    def _run(self) -> None:
        while not self._stopping:
            ready, _, _ = select.select([self._front, self._back], [], [], 0.002)
            for source in ready:
                data, address = source.recvfrom(65536)
                if source is self._front:
                    self._client = address
                    self._take(self._back, self._server, data)
                elif self._client is not None:
                    self._take(self._front, self._client, data)
            now = time.monotonic()
            while self._held and not self._stalled and self._held[0][0] <= now:
                _, _, out, to, data = self._held[0]
                out.sendto(data, to)
                heapq.heappop(self._held)  # only now: `stall` ends when none is left
                self.passed += 1

    def _take(self, out: socket.socket, to: tuple[str, int], data: bytes) -> None:
        faults, draw = self.faults, self._rng.random
        if draw() < faults.loss:
            self.lost += 1
            return
        due = time.monotonic() + faults.delay_s
        if draw() < faults.reordering:
            self.reordered += 1
            due += 0.09  # two states later at 25 Hz
        copies = 1
        if draw() < faults.duplication:
            self.doubled += 1
            copies = 2
        for _ in range(copies):
            heapq.heappush(self._held, (due, next(self._order), out, to, data))
