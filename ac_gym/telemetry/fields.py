"""Every field of the three pages under a readable name, with its unit.

A name is the game's own in snake case, or clearer where that says little. The names that the telemetry parser and its
clients know (`rpm`, `angular_velocity`, `world_position`, ...) are kept. Wheels: front left, front right, rear left,
rear right. `xyz` marks vectors in the game's axes, which messages carry as three numbers: `velocity_x`, `_y`, `_z`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ac_gym.telemetry.pages import PAGES


@dataclass(frozen=True)
class Field:
    """One field: the `page` it is on, the game's name, the readable one, its unit, and whether it is a vector."""

    page: str
    game_name: str
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

    @property
    def dtype(self) -> np.dtype:
        return PAGES[self.page][self.game_name]


_PHYSICS = """
packetId packet_id 1 | gas gas 0..1 | brake brake 0..1 | fuel fuel l | gear gear 0=R,1=N | rpms rpm 1/min
steerAngle steer_angle -1..1 | speedKmh speed_kmh km/h | velocity velocity m/s xyz | accG acc_g g xyz
wheelSlip wheel_slip 1 | wheelLoad wheel_load N | wheelsPressure wheel_pressure psi
wheelAngularSpeed wheel_angular_speed rad/s | tyreWear tyre_wear %,100=new | tyreDirtyLevel tyre_dirty_level 1
tyreCoreTemperature tyre_core_temp degC | camberRAD camber rad | suspensionTravel suspension_travel m | drs drs 0..1
tc tc slip | heading heading rad | pitch pitch rad | roll roll rad | cgHeight cg_height m | carDamage car_damage 0..1
numberOfTyresOut number_of_tyres_out 0..4 | pitLimiterOn pit_limiter_on yes/no | abs abs_setting slip
kersCharge kers_charge 0..1 | kersInput kers_input 0..1 | autoShifterOn auto_shifter_on yes/no
rideHeight ride_height m | turboBoost turbo_boost bar | ballast ballast kg | airDensity air_density kg/m3
airTemp air_temp degC | roadTemp road_temp degC | localAngularVel angular_velocity rad/s xyz
finalFF force_feedback 1 | performanceMeter performance_meter s | engineBrake engine_brake index
ersRecoveryLevel ers_recovery_level index | ersPowerLevel ers_power_level index
ersHeatCharging ers_heat_charging 0=motor,1=battery | ersIsCharging ers_is_charging yes/no
kersCurrentKJ kers_current_kj kJ | drsAvailable drs_available yes/no | drsEnabled drs_enabled yes/no
brakeTemp brake_temp degC | clutch clutch 0..1 | tyreTempI tyre_temp_inner degC | tyreTempM tyre_temp_middle degC
tyreTempO tyre_temp_outer degC | isAIControlled is_ai_controlled yes/no | tyreContactPoint tyre_contact_point m
tyreContactNormal tyre_contact_normal 1 | tyreContactHeading tyre_contact_heading 1 | brakeBias brake_bias 0..1
localVelocity local_velocity m/s xyz | P2PActivations p2p_activations 1
P2PStatus p2p_status 1=none,2=available,3=active | currentMaxRpm current_max_rpm 1/min
"""
_GRAPHICS = """
packetId graphics_packet_id 1 | status status 0=off,1=replay,2=live,3=pause
session session_type 0=practice,1=qualify,2=race,3=hotlap,4=time_attack,5=drift,6=drag
currentTime current_time_text text | lastTime last_time_text text | bestTime best_time_text text
split split_text text | completedLaps completed_laps 1 | position race_position 1 | iCurrentTime current_time ms
iLastTime last_time ms | iBestTime best_time ms | sessionTimeLeft session_time_left ms
distanceTraveled distance_traveled m | isInPit is_in_pit yes/no | currentSectorIndex current_sector_index 0..
lastSectorTime last_sector_time ms | numberOfLaps number_of_laps 1 | tyreCompound tyre_compound text
replayTimeMultiplier replay_time_multiplier 1 | normalizedCarPosition normalized_position 0..1
carCoordinates world_position m xyz | penaltyTime penalty_time s
flag flag 0=none,1=blue,2=yellow,3=black,4=white,5=chequered,6=penalty | idealLineOn ideal_line_on yes/no
isInPitLane is_in_pit_lane yes/no | surfaceGrip surface_grip 0..1 | mandatoryPitDone mandatory_pit_done yes/no
windSpeed wind_speed km/h | windDirection wind_direction deg | timeLimitSessionLeft time_limit_session_left ms
isEscMenuVisible is_esc_menu_visible yes/no
"""
_STATIC = """
smVersion sm_version text | acVersion ac_version text | numberOfSessions number_of_sessions 1 | numCars num_cars 1
carModel car_model text | track track text | playerName player_name text | playerSurname player_surname text
playerNick player_nick text | sectorCount sector_count 1 | maxTorque max_torque Nm | maxPower max_power W
maxRpm max_rpm 1/min | maxFuel max_fuel l | suspensionMaxTravel suspension_max_travel m | tyreRadius tyre_radius m
maxTurboBoost max_turbo_boost bar | deprecated_1 deprecated_1 - | deprecated_2 deprecated_2 -
penaltiesEnabled penalties_enabled yes/no | aidFuelRate aid_fuel_rate 1 | aidTireRate aid_tyre_rate 1
aidMechanicalDamage aid_mechanical_damage 0..1 | aidAllowTyreBlankets aid_allow_tyre_blankets yes/no
aidStability aid_stability 0..1 | aidAutoClutch aid_auto_clutch yes/no | aidAutoBlip aid_auto_blip yes/no
hasDRS has_drs yes/no | hasERS has_ers yes/no | hasKERS has_kers yes/no | kersMaxJ kers_max_j J
engineBrakeSettingsCount engine_brake_settings_count 1 | ersPowerControllerCount ers_power_controller_count 1
trackSPlineLength track_spline_length m | trackConfiguration track_configuration text | ersMaxJ ers_max_j J
isTimedRace is_timed_race yes/no | hasExtraLap has_extra_lap yes/no | carSkin car_skin text
reversedGridPositions reversed_grid_positions 1 | PitWindowStart pit_window_start 1
PitWindowEnd pit_window_end 1
"""


def _table(page: str, text: str) -> tuple[Field, ...]:
    rows = (entry.split() for line in text.split("\n") for entry in line.split("|") if entry.strip())
    return tuple(Field(page, row[0], row[1], row[2].replace(",", ", "), "xyz" in row[3:]) for row in rows)


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
