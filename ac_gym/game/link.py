"""The UDP socket under a game connection: a thin shell that never blocks longer than it is told, and never raises."""

from __future__ import annotations

import selectors
import socket

from ac_gym.errors import GameConnectionError

_RECEIVE_BUFFER = 2**20  # bytes; holds the states of a long pause of the learner, so that the newest is among them
_LARGEST = 65536  # bytes of a datagram


class Link:
    """Connected to the server's address, so that datagrams of others never reach us.

    When the server is away, `send` loses its datagram and `receive` finds none; `fault` keeps what the socket said.
    """

    def __init__(self, host: str, port: int) -> None:
        self.name = f"{host}:{port} (UDP)"
        self.fault = ""
        self._socket = _connected_socket(host, port)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)

    def send(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except OSError as error:
            self.fault = str(error.strerror or error)

    def receive(self) -> bytes | None:
        """The next datagram that is already here."""
        try:
            return self._socket.recv(_LARGEST)
        except BlockingIOError:
            return None
        except OSError as error:  # nobody listens there at present
            self.fault = str(error.strerror or error)
            return None

    def wait(self, timeout: float) -> None:
        """Until a datagram is here, or `timeout` (s) has passed."""
        self._selector.select(timeout)

    def close(self) -> None:
        self._selector.close()
        self._socket.close()


def check_port(port: int) -> None:
    """GameConnectionError for a number that no port has: the system would take the rest of a division by 65536."""
    if not 0 < port < 65536:
        raise GameConnectionError(f"no such port: {port}; ports are 1 to 65535")


def _connected_socket(host: str, port: int) -> socket.socket:
    """A non-blocking UDP socket that hears `host:port` only; IPv4 where the host has both, as the plugin does."""
    check_port(port)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError, OverflowError) as error:
        raise GameConnectionError(f"no such address: {host}:{port} ({error})") from None
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    connection = socket.socket(family, socket.SOCK_DGRAM)
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        connection.setblocking(False)
        connection.connect(address)
    except OSError as error:
        connection.close()
        raise GameConnectionError(f"no way to {host}:{port} (UDP): {error.strerror or error}") from None
    return connection
