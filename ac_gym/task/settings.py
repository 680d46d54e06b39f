"""Settings of the task, under the names that users of the reference project know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TaskSettings:
    """Settings of the task; every one is a keyword of the environments and a key of the configuration."""

    ego_sampling_freq: float = 25.0
    """control steps a second [Hz]"""
    # actions
    use_relative_actions: bool = True
    """actions change the controls, within the rates below; else they are the controls"""
    max_steer_rate: float = 900.0
    """rate of the steering wheel at full action [deg/s]"""
    max_pedal_rate: float = 12.0
    """rate of the pedals at full action, on their -1..1 scale [1/s]"""
    # observation
    enable_sensors: bool = True
    """11 distances to the white lines, from 90 degrees right to 90 degrees left of the heading"""
    add_previous_obs_to_state: bool = True
    """the basic blocks (channels and sensors) of the last three steps"""
    use_target_speed: bool = False
    """speed profile over the next 300 m: 12 numbers more"""
    enable_task_id_in_obs: bool = False
    """one-hot of `task_id` among `task_ids`"""
    task_ids: tuple[str, ...] = ()
    """the tasks (such as track and car) that one agent learns"""
    task_id: str = ""
    """which of them this is"""
    use_obs_extra: bool = False
    """the channels of `obs_extra`"""
    obs_extra: Mapping[str, float] = field(
        default_factory=lambda: {"slip_ratio": 1.0, "wheel_load": 10000.0, "tyre_core_temperature": 100.0}
    )
    """telemetry channel, or what the task derives (see `ac_gym.task.Telemetry`) -> what it is divided by"""
    # reward
    use_progress_in_reward: bool = False
    """pay progress along the racing line, as a share of what its limit speed would make, in place of km/h / 300: a lap
    then pays its limit time however it is driven, so what there is to gain is time, on whatever line"""
    use_reference_line_in_reward: bool = True
    """pay less away from the racing line"""
    gap_const: float = 12.0
    """distance to the line at which nothing is paid [m]"""
    penalize_actions_diff: bool = False
    """take `penalize_actions_diff_coef` times the mean change of the actions off the reward"""
    penalize_actions_diff_coef: float = 0.1
    enable_out_of_track_penalty: bool = False
    """take `out_of_track_penalty` off the reward of a step that is out of track"""
    out_of_track_penalty: float = 1.0
    # endings
    enable_out_of_track_termination: bool = True
    """end (terminated) when out of track"""
    use_ac_out_of_track: bool = True
    """out of track means more than two tyres beyond the white lines; else the centre of gravity beyond them"""
    enable_low_speed_termination: bool = True
    """end (terminated) when slower than `low_speed` for `low_speed_time`"""
    low_speed: float = 1.0
    """[m/s]"""
    low_speed_time: float = 10.0
    """[s]"""
    max_gap: float | None = None
    """end (terminated) further than this from the racing line [m]"""
    max_episode_py_time: float | None = 600.0
    """end (truncated) after this time of driving [s]"""
    max_laps_number: int | None = None
    """end (truncated) after this many laps from line to line"""
