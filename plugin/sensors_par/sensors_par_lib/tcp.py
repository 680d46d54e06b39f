"""What the TCP servers share: a listener, a thread a connection, limits, and an orderly end."""

import os
import socket
import threading
import time
import traceback

_LOOK = 0.2  # s, how often a waiting thread looks whether the app stops


class ClosedError(Exception):
    """The other side has gone, was silent for too long, or the app stops."""


class Connection(object):
    """A socket whose waits end; ClosedError where they do. `admitted`: the other side has shown that it belongs here;
    one that has not makes room for a newcomer."""

    def __init__(self, end, stopping):
        self._end = end
        self._stopping = stopping
        self.admitted = False
        end.settimeout(_LOOK)

    @property
    def open(self):
        """Whether the app goes on."""
        return not self._stopping.is_set()

    def receive(self, size, deadline, partial=False):
        """Exactly `size` bytes before `deadline` (s of monotonic); with `partial` what has come by then, up to size."""
        data = b""
        while len(data) < size:
            if self._stopping.is_set() or time.monotonic() > deadline:
                break
            try:
                more = self._end.recv(size - len(data))
            except socket.timeout:
                continue
            except OSError:
                more = b""
            if not more:
                break
            data += more
            if partial:
                return data
        if len(data) < size and not partial:
            raise ClosedError()
        return data

    def drop(self):
        """Ends it, from another thread."""
        try:
            self._end.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other side was faster

    def send(self, data, deadline):
        """All of `data` before `deadline`."""
        view = memoryview(data)
        while view:
            if self._stopping.is_set() or time.monotonic() > deadline:
                raise ClosedError()
            try:
                view = view[self._end.send(view[:65536]) :]
            except socket.timeout:
                continue
            except OSError:
                raise ClosedError()


class TcpServer(object):
    """Runs `handle(connection)` in a thread a connection; `problem` says why the server does not run."""

    MOST_CONNECTIONS = 8

    def __init__(self, name, host, port, handle, log):
        self._name = name
        self._host = host
        self._handle = handle
        self._log = log
        self._stopping = threading.Event()
        self._listener = None
        self._threads = []
        self._connections = []  # the oldest first; of the accepting thread and of each connection's
        self._lock = threading.Lock()
        self.port = port
        self.problem = ""

    def start(self):
        try:
            self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            if os.name != "nt":  # there it would let two programs share the port
                self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((self._host, self.port))
            self._listener.listen(self.MOST_CONNECTIONS)
        except OSError as error:
            self.problem = "TCP {0}:{1} cannot be opened ({2}); is it taken? See {3}_server_port".format(
                self._host, self.port, error.strerror or error, self._name
            )
            self._log(self.problem)
            return
        self.port = self._listener.getsockname()[1]
        self._listener.settimeout(_LOOK)
        self._spawn(self._accept)

    def ask_to_stop(self):
        """Every thread looks at this within 0.2 s."""
        self._stopping.set()

    def stop(self):
        """Waits for the threads."""
        self.ask_to_stop()
        for thread in list(self._threads):
            thread.join(2.0)
        if self._listener is not None:
            self._listener.close()

    @property
    def connections(self):
        """How many are open."""
        return len(self._connections)

    def _accept(self):
        while not self._stopping.is_set():
            try:
                end, address = self._listener.accept()
            except socket.timeout:
                continue
            except OSError:
                self._stopping.wait(_LOOK)
                continue
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            if self.connections >= self.MOST_CONNECTIONS and not self._make_room():
                self._log.limited(self._name, "{0[0]}:{0[1]} closed: too many connections".format(address))
                end.close()
                continue
            connection = Connection(end, self._stopping)
            with self._lock:
                self._connections.append(connection)
            try:
                self._spawn(self._run, connection, end)
            except RuntimeError as error:  # the system gives no more threads
                self._log.limited(self._name, "{0[0]}:{0[1]} closed: {1}".format(address, error))
                self._forget(connection)
                end.close()

    def _make_room(self):
        """Drops the oldest connection of which nothing useful has come; whether there was one."""
        with self._lock:
            for connection in self._connections:
                if not connection.admitted:
                    self._connections.remove(connection)
                    connection.drop()
                    return True
        return False

    def _run(self, connection, end):
        try:
            self._handle(connection)
            end.shutdown(socket.SHUT_WR)
        except (ClosedError, OSError):
            pass  # the other side has gone; nobody is left to tell
        except Exception:  # the thread would end without a word in the log
            self._log.limited(self._name, traceback.format_exc())
        finally:
            self._forget(connection)
            end.close()

    def _forget(self, connection):
        with self._lock:
            if connection in self._connections:  # not dropped
                self._connections.remove(connection)

    def _spawn(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, name="sensors_par " + self._name)
        thread.daemon = True
        thread.start()
        self._threads.append(thread)
