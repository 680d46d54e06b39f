"""The ego server: states to whoever listens, controls from the one who drives. UDP.

A thread receives; `frame` and `send` belong to the main thread and never wait. One lock guards the clients.
"""

import socket
import threading
import time
import traceback

from . import messages, state
from .admission import Admission

_DATAGRAM = 65536  # a smaller buffer makes Windows lose a longer one without telling how long it was
_A_FRAME = 32  # datagrams that a frame takes at most
_WAIT = 0.05  # s, how long the thread waits before it looks at the clock
_STARVED = 0.1  # s without a sign of the thread: the game does not let it run between frames


class EgoServer(object):
    """`problem` says why the server does not run."""

    def __init__(self, settings, joystick, clock, meter, log):
        self._settings = settings
        self._joystick = joystick
        self._clock = clock
        self._meter = meter
        self._log = log
        self._lock = threading.RLock()
        self._admission = Admission(settings, joystick, clock, log, self._answer)
        self._stopping = threading.Event()
        self._thread = None
        self._thread_at = 0.0
        self._socket = self._quick = None
        self.port = settings.ego_server_port
        self.problem = ""

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self):
        host = self._settings.ego_server_host_name
        try:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind((host, self.port))
        except OSError as error:
            self.problem = "UDP {0}:{1} cannot be opened ({2}); is it taken? See ego_server_port".format(
                host, self.port, error.strerror or error
            )
            self._log(self.problem)
            return
        self.port = self._socket.getsockname()[1]
        self._socket.settimeout(_WAIT)
        self._quick = self._socket.dup()  # the same socket, for the main thread: it never waits
        self._quick.setblocking(False)
        self._thread = threading.Thread(target=self._serve, name="sensors_par ego")
        self._thread.daemon = True
        self._thread.start()

    def stop(self):
        """Tells every client, leaves the joystick neutral."""
        self._stopping.set()
        with self._lock:
            for client in list(self._admission.clients.values()):
                self._admission.dismiss(client, "shutdown", "the game closes the app")
        if self._thread is not None:
            self._thread.join(2.0)
        for end in (self._quick, self._socket):
            if end is not None:
                end.close()

    # --- main thread --------------------------------------------------------------------------------------------------

    @property
    def driver(self):
        """The client who drives, or None."""
        return self._admission.driver

    @property
    def wanted(self):
        """Whether anybody waits for states."""
        return bool(self._admission.clients)

    def frame(self):
        """Once a frame: does the thread's work where that cannot."""
        if self._quick is None or time.monotonic() - self._thread_at < _STARVED:
            return
        self._take_waiting()
        self._watch()

    def send(self, row, game_time, flags):
        """One state to every client; `flags` as in `state`."""
        now = time.perf_counter()
        with self._lock:
            driver = self.driver
            if driver is not None:
                flags |= state.APPLIED * driver.applies
                flags |= state.SILENT * driver.silent(now, self._settings.neutral_after)
            answered, age = (driver.answered, driver.answer_age) if driver is not None else (0, float("nan"))
            for client in self._admission.clients.values():
                client.next_state(now)
                if client.reference:
                    data = state.text(row, client.sequence, client.out_of_sync).encode("ascii")
                else:
                    data = state.binary(row, client, now, game_time, answered, age, flags)
                self._send(self._quick, data, client.address, "states")

    def describe(self):
        """A dict a client, for the window and for management."""
        with self._lock:
            return [
                {
                    "address": "{0[0]}:{0[1]}".format(client.address),
                    "client": client.name,
                    "role": client.role,
                    "protocol": "reference" if client.reference else "ac_gym",
                    "applies_controls": client.applies,
                    "states": client.sequence,
                    "out_of_sync": client.out_of_sync,
                }
                for client in self._admission.clients.values()
            ]

    # --- receiving: either thread -------------------------------------------------------------------------------------

    def _serve(self):
        try:
            self._joystick.load()  # it takes a while: now, when no frame waits for the lock
        except Exception:  # told again, and properly, to the driver who wants it
            self._log(traceback.format_exc())
        while not self._stopping.is_set():
            self._thread_at = time.monotonic()
            try:
                self._socket.recvfrom(_DATAGRAM, socket.MSG_PEEK)
                came = True
            except OSError as error:  # Windows tells, too, that an earlier datagram found nobody
                came = not _waits(error)
            if came and not self._take_waiting():
                time.sleep(0.001)  # a flood of garbage gets no more than a thousand looks a second
            self._watch()

    def _take_waiting(self):
        """The datagrams that have arrived, in their order, whichever thread is here; False for nothing but garbage."""
        useful, taken = 0, 0
        with self._lock:
            for _ in range(_A_FRAME):
                try:
                    data, address = self._quick.recvfrom(_DATAGRAM)
                except OSError as error:
                    if _waits(error):
                        break
                    continue
                taken += 1
                try:
                    useful += self._take(data, address)
                except Exception:  # whatever one client sent, the others are served
                    self._log.limited("datagram", traceback.format_exc())
        return useful > 0 or taken == 0

    def _take(self, data, address):
        """One datagram, with the lock held; whether it meant something."""
        try:
            kind, content = messages.parse(data)
        except messages.BadMessageError as error:
            self._meter.count("malformed")
            self._log.limited("malformed", "datagram of {0[0]}:{0[1]} ignored: {1}".format(address, error))
            if error.hello:
                self._admission.refuse(address, "malformed", "the hello cannot be understood: {0}".format(error))
            return False
        if self._stopping.is_set():
            return True
        if kind == "connect":
            self._admission.connect(address)
            return True
        if kind == "hello":
            self._admission.hello(address, content)
            return True
        client = self._admission.clients.get(address)
        if client is None or not _its_own(client, kind, content):
            self._meter.count("stray")
            self._log.limited("stray", "{0} of {1[0]}:{1[1]} ignored: it has not connected".format(kind, address))
            return False
        client.heard(self._clock)
        if kind == "controls":
            return self._drive(client, content)
        if kind in ("disconnect", "bye"):
            self._admission.leave(client)
        return True

    def _drive(self, client, controls):
        """Controls of a client; whether it may send any."""
        if client is not self.driver:
            self._meter.count("stray")
            self._log.limited("stray", "controls of {0} ignored: it does not drive".format(client))
            return False
        if not client.accept(controls.answers, time.perf_counter()):
            self._meter.count("stale")
            return True
        self._meter.count("controls")
        if client.applies:
            self._joystick.write(
                controls.steer, controls.throttle, controls.brake, controls.shift_up, controls.shift_down
            )
        return True

    def _watch(self):
        """Controls that stay away leave the joystick neutral; clients that stay away are dropped."""
        now = time.perf_counter()
        with self._lock:
            driver = self.driver
            if driver is not None and not driver.neutral and driver.silent(now, self._settings.neutral_after):
                driver.neutral = True
                if driver.applies:
                    self._joystick.neutral()
                    self._log.limited("neutral", "no controls from {0}: neutral".format(driver))
            limit = self._settings.client_timeout
            for client in list(self._admission.clients.values()):
                if self._clock.now - client.heard_running > limit:
                    self._admission.dismiss(client, "timeout", "nothing was heard of you for {0:g} s".format(limit))

    def _answer(self, data, address):
        self._send(self._socket, data, address, "answers")

    def _send(self, end, data, address, event):
        try:
            end.sendto(data, address)
            self._meter.count(event)
        except OSError:  # no room just now, or nobody there: the client's silence will tell
            self._meter.count("unsent")


def _its_own(client, kind, content):
    """Whether a message is in the client's own protocol and of its session."""
    if client.reference:
        return kind in messages.TEXTS or (kind == "controls" and content.session is None)
    session = content.session if kind == "controls" else content
    return session == client.session


def _waits(error):
    """Whether a socket that does not wait has nothing for us."""
    return isinstance(error, (BlockingIOError, socket.timeout))
