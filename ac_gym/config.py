"""The configuration of `train.py`: every key with its type, its default and a sentence.

Keys of the reference project keep their names and meaning. A YAML file and `key=value` overrides are checked against
these classes; OmegaConf does the parsing and is imported only when a configuration is loaded.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ac_gym.errors import ConfigError, UnknownNameError


def _key(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass
class AssettoCorsaConfig:
    """The world, the task and how episodes begin and end."""

    world: str = _key("simulated", "Where the car drives: simulated, or game (which arrives with the game bridge).")
    track: str = _key("monza", "Track by name (ac-gym tracks list) or path of a track file.")
    car: str = _key("bmw_z4_gt3", "Car by name or path of a car file.")
    num_cars: int = _key(64, "Cars that drive at the same time in the simulator, each in an episode of its own.")
    threads: int = _key(1, "Threads that the simulator spreads the cars over.")
    ego_sampling_freq: int = _key(25, "Control steps a second.")
    max_episode_py_time: float = _key(600.0, "Seconds after which an episode is truncated.")
    max_laps_number: int | None = _key(None, "Completed laps after which an episode is truncated; null for no limit.")
    gap_const: float = _key(12.0, "Distance from the racing line at which the reward reaches zero, m.")
    use_reference_line_in_reward: bool = _key(True, "Scale the reward down with the distance from the racing line.")
    penalize_actions_diff: bool = _key(False, "Subtract a penalty for changes of the action from step to step.")
    penalize_actions_diff_coef: float = _key(0.1, "Size of that penalty.")
    enable_out_of_track_penalty: bool = _key(False, "Subtract a penalty while the car is off the track.")
    out_of_track_penalty: float = _key(1.0, "Size of that penalty, a step.")
    enable_out_of_track_termination: bool = _key(True, "End the episode when more than two tyres leave the track.")
    use_ac_out_of_track: bool = _key(True, "Off track by the count of tyres, else by the car's own position.")
    enable_low_speed_termination: bool = _key(True, "End the episode when the car stays slower than 1 m/s for 10 s.")
    max_gap: float | None = _key(None, "End the episode beyond this distance from the racing line, m; null for never.")
    use_relative_actions: bool = _key(True, "Actions change the controls (rate limited) instead of setting them.")
    max_steer_rate: float = _key(900.0, "Fastest steering of relative actions, degrees a second at the wheel.")
    enable_sensors: bool = _key(True, "Observe the distances to the track's borders along 11 rays.")
    add_previous_obs_to_state: bool = _key(True, "Observe the last three telemetry blocks too.")
    use_target_speed: bool = _key(False, "Observe 12 target speeds of the road ahead.")
    enable_task_id_in_obs: bool = _key(False, "Observe which of the known tasks this is, as a one-hot vector.")
    start: str = _key("random", "Where episodes start: random (anywhere on the lap) or line (before the start line).")
    start_speed: list[float] = field(
        default_factory=lambda: [0.0, 0.9],
        metadata={"help": "Speed of random starts, from and to, as a share of the limit's speed."},
    )
    start_offset: float = _key(1.0, "Largest distance of random starts from the racing line, m.")
    start_heading: float = _key(0.05, "Largest angle of random starts to the racing line, rad.")
    randomisation: dict[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Ranges of physical parameters drawn each episode, as mass: [0.95, 1.05]."},
    )
    sensor_noise: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Standard deviation of Gaussian noise on telemetry channels, by name."}
    )
    action_delay: list[float] = field(
        default_factory=lambda: [0.0, 0.0],
        metadata={"help": "Range of the delay from a control to its effect, s, drawn each episode."},
    )
    eval_number_of_laps: int = _key(4, "Laps of an evaluation, out lap included.")
    save_lap_csv: bool = _key(True, "Write the telemetry of evaluation laps as CSV.")


@dataclass
class AgentConfig:
    """The training loop; steps are steps of single cars."""

    num_steps: int = _key(20_000_000, "Steps of the whole run, summed over the cars.")
    max_minutes: float = _key(0.0, "Wall-clock limit of the run in minutes; 0 for none.")
    start_steps: int = _key(10_000, "Steps with random actions before learning begins.")
    batch_size: int = _key(256, "Windows in a batch.")
    memory_size: int = _key(1_000_000, "Steps that the replay memory holds (0.5 kB each with the default observation).")
    update_interval: float = _key(64.0, "Steps per update of the learner: updates = steps / update_interval.")
    log_interval: int = _key(100, "Finished episodes between lines of log.log.")
    eval_interval: int = _key(200_000, "Steps between evaluations; 0 for none but the last.")
    num_eval_episodes: int = _key(1, "Episodes of an evaluation.")
    checkpoint_freq: int = _key(1_000_000, "Steps between checkpoints of the networks and of the state for --resume.")


@dataclass
class SACConfig:
    """Soft actor-critic."""

    gamma: float = _key(0.992, "Discount a step.")
    nstep: int = _key(3, "Steps summed before the bootstrap.")
    policy_lr: float = _key(3e-4, "Learning rate of the policy.")
    q_lr: float = _key(3e-4, "Learning rate of the critics.")
    entropy_lr: float = _key(3e-4, "Learning rate of the temperature.")
    policy_hidden_units: list[int] = field(
        default_factory=lambda: [256, 256, 256], metadata={"help": "Hidden layers of the policy."}
    )
    q_hidden_units: list[int] = field(
        default_factory=lambda: [256, 256, 256], metadata={"help": "Hidden layers of each critic."}
    )
    target_update_coef: float = _key(0.005, "Share of the critics that moves into the targets at each update.")
    policy_delay: int = _key(1, "Critic updates per update of the policy.")
    critic_layer_norm: bool = _key(False, "Normalise the layers of the critics.")
    initial_alpha: float = _key(1.0, "Temperature of the entropy at the start.")
    precision: str = _key("float32", "Arithmetic of hidden layers: float32, bfloat16, or auto (the faster one here).")
    log_interval: int = _key(500, "Updates between rows of summary.csv and TensorBoard.")


@dataclass
class Config:
    """A run of `train.py`."""

    AssettoCorsa: AssettoCorsaConfig = field(default_factory=AssettoCorsaConfig)
    Agent: AgentConfig = field(default_factory=AgentConfig)
    SAC: SACConfig = field(default_factory=SACConfig)
    seed: int = _key(0, "Seed of the environments, the networks and the sampling.")
    device: str = _key("auto", "Device of the networks: cpu, cuda, or auto (cuda where there is one).")
    torch_threads: int = _key(0, "Threads of torch; 0 for what suits the networks and the machine.")
    work_dir: str | None = _key(None, "Folder of the run's outputs; null for outputs/<date_time>.")
    exp_name: str = _key("sac", "Name of the run in its reports.")
    disable_wandb: bool = _key(True, "Do not log to Weights & Biases.")
    wandb_project: str = _key("ac_gym", "Project there.")
    wandb_entity: str | None = _key(None, "Entity there.")
    save_csv: bool = _key(True, "Write summary.csv and episodes_stats.csv.")
    save_video: bool = _key(True, "Make a short video of the best evaluation lap at the end.")
    save_agent: bool = _key(True, "Write checkpoints of the networks.")


def load_config(file: str | Path | None = None, overrides: Sequence[str] = ()) -> Config:
    """Defaults, then the YAML `file`, then `overrides` as `Agent.num_steps=1000`; mistakes raise one clear line."""
    try:
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException
    except ImportError as error:
        raise ConfigError("omegaconf is not installed: pip install 'ac_gym[train]'") from error
    known = dict(_fields(Config))
    merged = OmegaConf.structured(Config)
    for origin, values in _sources(OmegaConf, file, overrides):
        for key, value in _leaves(values, known):
            if key not in known:
                raise UnknownNameError(f"setting in {origin}", key, known)
            try:
                OmegaConf.update(merged, key, value)
            except OmegaConfBaseException as error:
                wanted = _type_name(known[key])
                raise ConfigError(f"{origin}: {key}={value} is not {wanted}. {_help(known[key])}") from error
    config = OmegaConf.to_object(merged)
    assert isinstance(config, Config)
    _check_ranges(config)
    return config


def save_config(config: Config, path: Path) -> None:
    """Write the resolved configuration as YAML; `--config` reads it back."""
    from omegaconf import OmegaConf

    path.write_text(OmegaConf.to_yaml(OmegaConf.structured(config)))


def describe_keys() -> str:
    """All keys with default and sentence, one a line."""
    lines = []
    for key, entry in _fields(Config):
        default = entry.default if entry.default_factory is dataclasses.MISSING else entry.default_factory()
        shown = "null" if default is None else str(default).lower() if isinstance(default, bool) else default
        lines.append(f"  {key}={shown}\n      {_help(entry)}")
    return "\n".join(lines)


def _fields(cls: type, prefix: str = "") -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    sections = []
    for entry in dataclasses.fields(cls):
        kind = _types(cls)[entry.name]
        if dataclasses.is_dataclass(kind):
            sections.append((entry.name, kind))
        else:
            yield prefix + entry.name, entry
    for name, section in sections:
        assert isinstance(section, type)
        yield from _fields(section, f"{prefix}{name}.")


def _types(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _sources(
    omegaconf: Any, file: str | Path | None, overrides: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import yaml

    if file is not None:
        path = Path(file)
        if not path.is_file():
            raise ConfigError(f"no configuration file {path}")
        try:
            loaded = omegaconf.to_container(omegaconf.load(path))
        except yaml.YAMLError as error:
            raise ConfigError(f"{path} is not valid YAML: {str(error).splitlines()[0]}") from error
        if not isinstance(loaded, dict):
            raise ConfigError(f"{path} must hold keys and values at its top level")
        yield str(path), loaded
    for text in overrides:
        if "=" not in text or text.startswith("-"):
            raise ConfigError(f"{text!r} is not a setting; write key=value, as seed=1 (--help lists all)")
        yield "the command line", omegaconf.to_container(omegaconf.from_dotlist([text]))


def _leaves(values: Mapping[str, Any], known: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and key not in known:
            yield from _leaves(value, known, f"{key}.")
        else:
            yield key, value


def _help(entry: dataclasses.Field[Any]) -> str:
    return str(entry.metadata["help"])


def _type_name(entry: dataclasses.Field[Any]) -> str:
    names = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "a text"}
    text = str(entry.type)
    optional = " or null" if "None" in text else ""
    text = text.replace(" | None", "")
    listed = {"list[float]": "a list of numbers", "list[int]": "a list of whole numbers"}
    return (names.get(text) or listed.get(text) or "a mapping") + optional


def _check_ranges(config: Config) -> None:
    task, agent, sac = config.AssettoCorsa, config.Agent, config.SAC
    rules = [
        (task.world in ("simulated", "game"), "AssettoCorsa.world must be simulated or game"),
        (task.world != "game", "AssettoCorsa.world=game arrives with the game bridge; use simulated"),
        (task.start in ("random", "line"), "AssettoCorsa.start must be random or line"),
        (task.num_cars >= 1, "AssettoCorsa.num_cars must be at least 1"),
        (task.threads >= 1, "AssettoCorsa.threads must be at least 1"),
        (task.ego_sampling_freq >= 1, "AssettoCorsa.ego_sampling_freq must be at least 1"),
        (len(task.start_speed) == 2, "AssettoCorsa.start_speed must be a pair, as [0.0, 0.9]"),
        (len(task.action_delay) == 2, "AssettoCorsa.action_delay must be a pair of seconds, as [0.0, 0.08]"),
        (agent.batch_size >= 1, "Agent.batch_size must be at least 1"),
        (agent.memory_size >= agent.batch_size, "Agent.memory_size must hold at least one batch"),
        (agent.update_interval > 0, "Agent.update_interval must be above 0"),
        (0.0 < sac.gamma <= 1.0, "SAC.gamma must be above 0 and at most 1"),
        (sac.nstep >= 1, "SAC.nstep must be at least 1"),
        (sac.policy_delay >= 1, "SAC.policy_delay must be at least 1"),
        (sac.precision in ("float32", "bfloat16", "auto"), "SAC.precision must be float32, bfloat16 or auto"),
    ]
    for holds, message in rules:
        if not holds:
            raise ConfigError(message)
