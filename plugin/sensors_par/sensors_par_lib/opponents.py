"""The opponents server: where the other cars are, to each TCP client, at the ego server's rate.

First the number of cars (the own one included) as text and a line feed, then messages `<len>HEADER-END<list>`. Where
the settings have a token, the client sends it first, and a line feed.
"""

import json
import threading
import time

from .admission import token_matches
from .game import number, numbers
from .jobs import UnavailableError

_LONGEST_WAIT = 0.2  # s, after which a handler looks whether its client is still there
_SEND_TIME = 5.0
_TOKEN_TIME = 5.0
_LONGEST_TOKEN = 1024

_SCALARS = (("speed", "SpeedMS"), ("NormalizedSplinePosition", "NormalizedSplinePosition"), ("LapCount", "LapCount"))
_VECTORS = (("world_position", "WorldPosition", (2, 0, 1)), ("velocity", "Velocity", (0, 1, 2)))


class Opponents(object):
    """`update` belongs to the main thread, `handle` to a connection's; a slow client gets the newest list only."""

    def __init__(self, ac, acsys, jobs, token, log):
        self._ac = ac
        self._cs = acsys.CS
        self._jobs = jobs
        self._token = token
        self._log = log
        self._news = threading.Condition()
        self._number = 0
        self._cars = []

    def update(self):
        cars = [self._car(car) for car in range(1, self._ac.getCarsCount()) if self._ac.isConnected(car)]
        with self._news:
            self._cars = cars
            self._number += 1
            self._news.notify_all()

    def handle(self, connection):
        if self._token and not self._knows_token(connection):
            self._log.limited("opponents", "a connection was closed: it did not send the token in sensors_par.ini")
            return
        connection.admitted = True
        try:
            count = self._jobs.call(self._ac.getCarsCount)
        except UnavailableError:
            return
        connection.send("{0}\n".format(count).encode("ascii"), time.monotonic() + _SEND_TIME)
        number = self._number
        while connection.open:
            with self._news:
                self._news.wait(_LONGEST_WAIT)
                if self._number == number:
                    continue
                number, cars = self._number, self._cars
            body = json.dumps(cars).encode("ascii")
            header = "{0}HEADER-END".format(len(body)).encode("ascii")
            connection.send(header + body, time.monotonic() + _SEND_TIME)

    def _knows_token(self, connection):
        deadline = time.monotonic() + _TOKEN_TIME
        data = b""
        while not data.endswith(b"\n") and len(data) < _LONGEST_TOKEN:
            data += connection.receive(1, deadline)
        return token_matches(self._token, data.decode("utf-8", "replace").rstrip("\r\n"))

    def _car(self, car):
        """Named as the keys of the ego state."""
        get = self._ac.getCarState
        found = {"id": car, "driver": str(self._ac.getDriverName(car)), "car": str(self._ac.getCarName(car))}
        found["isInPit"] = int(self._ac.isCarInPit(car) == 1 or self._ac.isCarInPitlane(car) == 1)
        for key, field in _SCALARS:
            found[key] = number(get(car, getattr(self._cs, field)))
        for key, field, order in _VECTORS:
            vector = numbers(get(car, getattr(self._cs, field)), 3)
            for axis, element in zip("xyz", order):
                found[key + "_" + axis] = vector[element]
        return found
