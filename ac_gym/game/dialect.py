"""Which plugin listens: our own or that of the reference project, found out without sending it what it may not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ac_gym.errors import GameCommandError, GameProtocolError, GameRefusedError
from ac_gym.game.management import AcGymManagement, Management, ReferenceManagement
from ac_gym.game.reference import ReferenceCodec
from ac_gym.game.wire import MAX_RATE, PROTOCOL, AcGymCodec, EgoCodec, MessageError, field, line, other_version

PROTOCOLS = ("auto", "ac_gym", "reference")


@dataclass(frozen=True)
class Wishes:
    """What a client asks of the plugin; the choices are `wire.ROLES`, `PROTOCOLS` and `wire.APPLY`."""

    role: str
    protocol: str
    apply: str
    token: str
    take_over: bool


def recognise(host: str, port: int, wishes: Wishes, timeout: float) -> tuple[Management, EgoCodec]:
    """The management server and ego messages of the plugin whose management listens at `host:port`.

    Where the protocol is not given, the text command `get_config` tells, which both know; a token is only ours.
    """
    ours = AcGymManagement(host, port, token=wishes.token, timeout=timeout)
    codec = AcGymCodec(role=wishes.role, apply=wishes.apply, token=wishes.token, take_over=wishes.take_over)
    if wishes.protocol == "ac_gym" or (wishes.protocol == "auto" and wishes.token):
        return ours, codec
    theirs = ReferenceManagement(host, port, timeout=timeout)
    try:
        settings = theirs.config()
    except GameCommandError as error:
        raise GameRefusedError(f"{error}; give it (token), as it stands in sensors_par.ini", "token") from None
    if wishes.protocol == "auto" and (protocol := settings.get("ac_gym_protocol")) is not None:
        if protocol != PROTOCOL:
            raise GameProtocolError(other_version(f"of protocol {line(str(protocol))}"))
        return ours, codec
    return theirs, _reference_codec(settings, wishes)


def _reference_codec(settings: dict[str, Any], wishes: Wishes) -> ReferenceCodec:
    applies = bool(settings.get("vjoy_executed_by_server"))
    try:
        rate = field(settings, "ego_sampling_freq", float)
    except MessageError as error:
        raise GameProtocolError(f"get_config: {error} in the settings of the plugin") from None
    if not 0.0 < rate <= MAX_RATE:
        raise GameProtocolError(f"get_config: ego_sampling_freq of the plugin is {rate:g} Hz")
    if wishes.role != "driver":
        raise GameRefusedError("the reference plugin has one client, and it drives: use role='driver'", "role")
    if wishes.apply != "default" and applies != (wishes.apply == "plugin"):
        raise GameRefusedError(
            f"the plugin has vjoy_executed_by_server = {applies} in its settings and cannot be told otherwise: set it "
            f"to {not applies} there, or leave it as it is (apply='default')", "joystick"
        )  # fmt: skip
    return ReferenceCodec(rate=rate, applies_controls=applies, version=line(str(settings.get("version", ""))))
