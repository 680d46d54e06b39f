"""THE table of the three pages: every field in the page's order, with its type, its readable name and its unit.

It is the game's own layout, of which `ac_gym.channels` knows a third in other units and axes. A row is the game's name,
the type (i int32, f float32, t UTF-16 text; f4 four of them, f4x3 four times three), the readable name, the unit.

A name is the game's own in snake case, or clearer where that says little. The names that the telemetry parser and its
clients know (`rpm`, `angular_velocity`, `world_position`, ...) are kept. Wheels: front left, front right, rear left,
rear right. `xyz` marks vectors in the game's axes, which messages carry as three numbers: `velocity_x`, `_y`, `_z`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

_TYPES = {"i": "<i4", "f": "<f4", "t": "<u2"}  # wchar_t is 4 bytes on Linux, so text is code units


@dataclass(frozen=True)
class Field:
    """One field: the `page` it is on, the game's name and type, the readable name, the unit, and whether it is a
    vector."""

    page: str
    game_name: str
    dtype: np.dtype
    name: str
    unit: str
    xyz: bool = False

    @property
    def kind(self) -> str:
        """float, int, bool or text"""
        if self.unit == "text":
            return "text"
        if self.unit == "yes/no":
            return "bool"
        return "float" if self.dtype.base.kind == "f" else "int"


_PHYSICS = """
packetId i packet_id 1 | gas f gas 0..1 | brake f brake 0..1 | fuel f fuel l | gear i gear 0=R,1=N | rpms i rpm 1/min
steerAngle f steer_angle -1..1 | speedKmh f speed_kmh km/h | velocity f3 velocity m/s xyz | accG f3 acc_g g xyz
wheelSlip f4 wheel_slip 1 | wheelLoad f4 wheel_load N | wheelsPressure f4 wheel_pressure psi
wheelAngularSpeed f4 wheel_angular_speed rad/s | tyreWear f4 tyre_wear %,100=new
tyreDirtyLevel f4 tyre_dirty_level 1 | tyreCoreTemperature f4 tyre_core_temp degC | camberRAD f4 camber rad
suspensionTravel f4 suspension_travel m | drs f drs 0..1 | tc f tc slip | heading f heading rad | pitch f pitch rad
roll f roll rad | cgHeight f cg_height m | carDamage f5 car_damage 0..1 | numberOfTyresOut i number_of_tyres_out 0..4
pitLimiterOn i pit_limiter_on yes/no | abs f abs_setting slip | kersCharge f kers_charge 0..1
kersInput f kers_input 0..1 | autoShifterOn i auto_shifter_on yes/no | rideHeight f2 ride_height m
turboBoost f turbo_boost bar | ballast f ballast kg | airDensity f air_density kg/m3 | airTemp f air_temp degC
roadTemp f road_temp degC | localAngularVel f3 angular_velocity rad/s xyz | finalFF f force_feedback 1
performanceMeter f performance_meter s | engineBrake i engine_brake index
ersRecoveryLevel i ers_recovery_level index | ersPowerLevel i ers_power_level index
ersHeatCharging i ers_heat_charging 0=motor,1=battery | ersIsCharging i ers_is_charging yes/no
kersCurrentKJ f kers_current_kj kJ | drsAvailable i drs_available yes/no | drsEnabled i drs_enabled yes/no
brakeTemp f4 brake_temp degC | clutch f clutch 0..1 | tyreTempI f4 tyre_temp_inner degC
tyreTempM f4 tyre_temp_middle degC | tyreTempO f4 tyre_temp_outer degC | isAIControlled i is_ai_controlled yes/no
tyreContactPoint f4x3 tyre_contact_point m | tyreContactNormal f4x3 tyre_contact_normal 1
tyreContactHeading f4x3 tyre_contact_heading 1 | brakeBias f brake_bias 0..1 | localVelocity f3 local_velocity m/s xyz
P2PActivations i p2p_activations 1 | P2PStatus i p2p_status 1=none,2=available,3=active
currentMaxRpm f current_max_rpm 1/min
"""
_GRAPHICS = """
packetId i graphics_packet_id 1 | status i status 0=off,1=replay,2=live,3=pause
session i session_type 0=practice,1=qualify,2=race,3=hotlap,4=time_attack,5=drift,6=drag
currentTime t15 current_time_text text | lastTime t15 last_time_text text | bestTime t15 best_time_text text
split t15 split_text text | completedLaps i completed_laps 1 | position i race_position 1
iCurrentTime i current_time ms | iLastTime i last_time ms | iBestTime i best_time ms
sessionTimeLeft f session_time_left ms | distanceTraveled f distance_traveled m | isInPit i is_in_pit yes/no
currentSectorIndex i current_sector_index 0.. | lastSectorTime i last_sector_time ms | numberOfLaps i number_of_laps 1
tyreCompound t33 tyre_compound text | replayTimeMultiplier f replay_time_multiplier 1
normalizedCarPosition f normalized_position 0..1 | carCoordinates f3 world_position m xyz
penaltyTime f penalty_time s | flag i flag 0=none,1=blue,2=yellow,3=black,4=white,5=chequered,6=penalty
idealLineOn i ideal_line_on yes/no | isInPitLane i is_in_pit_lane yes/no | surfaceGrip f surface_grip 0..1
mandatoryPitDone i mandatory_pit_done yes/no | windSpeed f wind_speed km/h | windDirection f wind_direction deg
timeLimitSessionLeft f time_limit_session_left ms | isEscMenuVisible i is_esc_menu_visible yes/no
"""
_STATIC = """
smVersion t15 sm_version text | acVersion t15 ac_version text | numberOfSessions i number_of_sessions 1
numCars i num_cars 1 | carModel t33 car_model text | track t33 track text | playerName t33 player_name text
playerSurname t33 player_surname text | playerNick t33 player_nick text | sectorCount i sector_count 1
maxTorque f max_torque Nm | maxPower f max_power W | maxRpm i max_rpm 1/min | maxFuel f max_fuel l
suspensionMaxTravel f4 suspension_max_travel m | tyreRadius f4 tyre_radius m | maxTurboBoost f max_turbo_boost bar
deprecated_1 f deprecated_1 - | deprecated_2 f deprecated_2 - | penaltiesEnabled i penalties_enabled yes/no
aidFuelRate f aid_fuel_rate 1 | aidTireRate f aid_tyre_rate 1 | aidMechanicalDamage f aid_mechanical_damage 0..1
aidAllowTyreBlankets i aid_allow_tyre_blankets yes/no | aidStability f aid_stability 0..1
aidAutoClutch i aid_auto_clutch yes/no | aidAutoBlip i aid_auto_blip yes/no | hasDRS i has_drs yes/no
hasERS i has_ers yes/no | hasKERS i has_kers yes/no | kersMaxJ f kers_max_j J
engineBrakeSettingsCount i engine_brake_settings_count 1 | ersPowerControllerCount i ers_power_controller_count 1
trackSPlineLength f track_spline_length m | trackConfiguration t33 track_configuration text | ersMaxJ f ers_max_j J
isTimedRace i is_timed_race yes/no | hasExtraLap i has_extra_lap yes/no | carSkin t33 car_skin text
reversedGridPositions i reversed_grid_positions 1 | PitWindowStart i pit_window_start 1
PitWindowEnd i pit_window_end 1
"""


def _table(page: str, text: str) -> tuple[Field, ...]:
    rows = (entry.split() for line in text.split("\n") for entry in line.split("|") if entry.strip())
    return tuple(
        Field(page, game_name, _dtype(kind), name, unit.replace(",", ", "), xyz == ["xyz"])
        for game_name, kind, name, unit, *xyz in rows
    )


def _dtype(kind: str) -> np.dtype:
    """f4x3 -> float32 of shape (4, 3)"""
    return np.dtype((_TYPES[kind[0]], tuple(int(count) for count in kind[1:].split("x") if count)))


FIELDS: MappingProxyType[str, tuple[Field, ...]] = MappingProxyType(
    {page: _table(page, text) for page, text in (("physics", _PHYSICS), ("graphics", _GRAPHICS), ("static", _STATIC))}
)
"""Kind of page -> its fields, in the page's order."""

BY_NAME: MappingProxyType[str, Field] = MappingProxyType(
    {
        name: field
        for page in ("static", "graphics", "physics")  # physics last: packetId is on two pages
        for field in FIELDS[page]
        for name in (field.game_name, field.name)
    }
)
"""Readable names and the game's own -> field."""
