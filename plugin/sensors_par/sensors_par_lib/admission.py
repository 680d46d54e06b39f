"""Who is let in at the ego server, and who of them drives. The server's lock guards all of it."""

import hmac
import json
import time

from . import PROTOCOL, VERSION
from .channels import DIGEST, WIDTH
from .clients import Client

_MOST_CLIENTS = 16


class Admission(object):
    """`clients` by address; `driver` is the one of them who drives, or None. `send(data, address)` answers."""

    def __init__(self, settings, joystick, clock, log, send):
        self._settings = settings
        self._joystick = joystick
        self._clock = clock
        self._log = log
        self._send = send
        self.clients = {}
        self.driver = None

    def connect(self, address):
        """The reference's text form: no answer but `identified` or `disconnect`."""
        refusal = self._refusal(address, "", False, True)
        if refusal is not None:
            self._log.limited("refused", "{0[0]}:{0[1]} may not connect: {1}".format(address, refusal[1]))
            self._send(b"disconnect", address)
            return
        applies = self._settings.vjoy_executed_by_server
        if applies and not self._joystick.acquire():
            self._log("controls cannot be executed: {0}".format(self._joystick.problem))
            applies = False
        self._add(Client(address, self._clock, reference=True, applies=applies))
        self._send(b"identified", address)

    def hello(self, address, hello):
        """Our own form: `welcome` or `refused` with reason and message."""
        known = self.clients.get(address)
        if known is not None and not known.reference and known.role == hello.role:
            known.heard(self._clock)
            self._welcome(known)  # the first one may have been lost
            return
        if hello.protocol != PROTOCOL:
            why = "this plugin speaks protocol {0}, not {1}; install the plugin that came with your ac_gym"
            self.refuse(address, "protocol", why.format(PROTOCOL, hello.protocol))
            return
        driving = hello.role == "driver"
        refusal = self._refusal(address, hello.token, hello.take_over, driving)
        if refusal is not None:
            self.refuse(address, refusal[0], refusal[1])
            return
        asked = self._settings.vjoy_executed_by_server if hello.apply == "default" else hello.apply == "plugin"
        applies = driving and asked
        if applies and not self._joystick.acquire():
            self.refuse(address, "joystick", "the plugin cannot execute controls: {0}".format(self._joystick.problem))
            return
        client = Client(address, self._clock, hello.role, applies=applies, name=hello.client)
        self._add(client)
        self._welcome(client)

    def refuse(self, address, reason, message):
        self._log.limited("refused", "{0[0]}:{0[1]} refused: {1}".format(address, message))
        self._answer(address, "refused", {"reason": reason, "message": message})

    def leave(self, client):
        """It has said goodbye."""
        self._remove(client)
        self._log("{0} has left".format(client))

    def dismiss(self, client, reason, message):
        """It is sent away, and told."""
        self._remove(client)
        self._log("{0} is dismissed: {1}".format(client, message))
        if client.reference:
            self._send(b"disconnect", client.address)
        else:
            self._answer(client.address, "dismissed", {"reason": reason, "message": message})

    def _refusal(self, address, token, take_over, driving):
        """Reason and message for one who may not come in, or None."""
        if not token_matches(self._settings.token, token):
            return "token", "the token is not the one in sensors_par.ini"
        if len(self.clients) >= _MOST_CLIENTS and address not in self.clients:
            return "full", "{0} clients are connected already".format(_MOST_CLIENTS)
        driver = self.driver
        if not driving or driver is None or driver.address == address or take_over:
            return None
        silence = time.monotonic() - driver.heard_at
        if self._settings.second_driver == "take_over" or silence > self._settings.driver_silent_after:
            return None
        return "driver_busy", "{0} drives already; close it, ask to take over, or join as an observer".format(driver)

    def _add(self, client):
        old = self.clients.get(client.address)
        if old is not None:
            self._remove(old)
        if client.role == "driver":
            if self.driver is not None:
                self.dismiss(self.driver, "taken_over", "{0} drives now".format(client))
            self.driver = client
            if client.applies:
                self._joystick.neutral()
        self.clients[client.address] = client
        self._log("{0} has connected as {1}".format(client, client.role))

    def _remove(self, client):
        del self.clients[client.address]
        if client is self.driver:
            self.driver = None
            if client.applies:
                self._joystick.neutral()

    def _welcome(self, client):
        welcome = {
            "protocol": PROTOCOL,
            "version": VERSION,
            "session": client.session,
            "rate": self._settings.ego_sampling_freq,
            "role": client.role,
            "applies_controls": client.applies,
            "width": WIDTH,
            "channels": DIGEST,
        }
        self._answer(client.address, "welcome", welcome)

    def _answer(self, address, kind, content):
        self._send(json.dumps({kind: content}).encode("utf-8"), address)


def token_matches(expected, token):
    """Whether a client may come in; without an expected token everybody may."""
    ours, theirs = (text.encode("utf-8", "surrogatepass") for text in (expected, token))
    return not expected or hmac.compare_digest(ours, theirs)
