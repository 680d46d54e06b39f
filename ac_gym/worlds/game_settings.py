"""Settings of the game world; apart from it, because a configuration needs no sockets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GameSettings:
    """Settings of the game world; every one is a keyword of the environments and a key of the configuration."""

    host: str = "127.0.0.1"
    """address of the machine where the game, or `ac-gym serve`, runs"""
    ego_server_port: int = 2345
    """UDP port of the plugin's telemetry and controls"""
    simulation_management_server_port: int = 2347
    """TCP port of the plugin's management"""
    protocol: str = "auto"
    """`ac_gym`, `reference` (the plugin of assetto_corsa_gym), or `auto`: asks the plugin"""
    controls: str = "auto"
    """who moves the joystick: `plugin`, or a device of this machine: `vjoy`, `vgamepad`, `uinput`; `auto`: the plugin
    where it is set to, else this machine's device"""
    token: str = ""
    """the plugin's token, where it has one"""
    take_over: bool = False
    """take the place of another client that drives, where the plugin allows it"""
    game_timeout: float = 5.0
    """longest wait for an answer or a state of the game [s]"""
    reset_car: bool = True
    """put the car back on the road when an episode begins (needs Custom Shaders Patch); else it goes on as it stands"""
    reset_wait: float = 1.0
    """time of the game, with pedals up, for the car to settle after that [s]"""
