"""The configuration of `train.py`: every key with its type, its default and a sentence.

Keys of the reference project keep their names and meaning. A YAML file and `key=value` overrides are checked against
these classes; OmegaConf does the parsing and is imported only when a configuration is loaded.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import math
import typing
from collections import abc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from ac_gym.capture.transform import PictureTransform
from ac_gym.envs.settings import ObservationSettings
from ac_gym.errors import ConfigError, UnknownNameError
from ac_gym.task import TaskSettings
from ac_gym.worlds import GameSettings, SimulationSettings


def _key(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass
class _RunKeys:
    """Keys of the section AssettoCorsa that are not settings of the world or the task."""

    track: str = _key("monza", "Track by name (ac-gym tracks list) or path of a track file.")
    car: str = _key("bmw_z4_gt3", "Car by name or path of a car file.")
    world: str = _key("simulated", "Where the car drives: simulated, or game (the running game, or `ac-gym serve`).")
    num_cars: int = _key(64, "Cars that drive at the same time in the simulator, each in an episode of its own.")
    eval_number_of_laps: int = _key(4, "Laps of an evaluation, out lap included.")
    record: str = _key("", "Folder for every training episode of the first car as a Parquet file; empty for none.")
    save_lap_csv: bool = _key(True, "Write the telemetry of evaluation laps as CSV.")


# Their fields are keywords of the environments.
_ENV_SETTINGS = (TaskSettings, ObservationSettings, SimulationSettings, GameSettings)

PRECISIONS = ("float32", "bfloat16", "auto")
_OTHER_NAMES = {
    "obs": "AssettoCorsa.observation",  # for short
    "AssettoCorsa.remote_machine_ip": "AssettoCorsa.host",  # the reference project's name of it
}


def _assetto_corsa_config() -> type:
    """The section AssettoCorsa: `_RunKeys` and every setting of the worlds and the task, as defined there."""
    entries = []
    for settings in _ENV_SETTINGS:
        sentences = _sentences(settings)
        for entry in dataclasses.fields(settings):
            kind = _plain_type(typing.get_type_hints(settings)[entry.name])
            metadata = {"help": sentences[entry.name]}
            default = _plain_default(entry)
            if isinstance(default, list | dict):
                entries.append((entry.name, kind, field(default_factory=default.copy, metadata=metadata)))
            else:
                entries.append((entry.name, kind, field(default=default, metadata=metadata)))
    return dataclasses.make_dataclass("AssettoCorsaConfig", entries, bases=(_RunKeys,))


def _sentences(settings: type) -> dict[str, str]:
    """Field name -> the text under it in the class's source."""
    body = ast.parse(inspect.getsource(settings)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {entry.name: entry.name.replace("_", " ") for entry in dataclasses.fields(settings)}
    for statement, following in pairwise(body.body):
        if isinstance(statement, ast.AnnAssign) and isinstance(following, ast.Expr):
            assert isinstance(statement.target, ast.Name)
            assert isinstance(following.value, ast.Constant)
            text = " ".join(str(following.value.value).split())
            name = statement.target.id
            found[name] = f"{found[name]} {text}" if text.startswith("[") else text  # a unit says nothing alone
    return found


def _plain_type(kind: Any) -> Any:
    """A field's type in the terms of YAML: tuples are lists, mappings dictionaries of anything."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return list[arguments[0]]  # type: ignore[valid-type]
    return dict[str, Any] if origin is abc.Mapping else kind


def _plain_default(entry: dataclasses.Field[Any]) -> Any:
    value = entry.default if entry.default_factory is dataclasses.MISSING else entry.default_factory()
    return list(value) if isinstance(value, tuple) else value


AssettoCorsaConfig = _assetto_corsa_config()


@dataclass
class AgentConfig:
    """The training loop; steps are steps of single cars."""

    num_steps: int = _key(20_000_000, "Steps of the whole run, summed over the cars.")
    max_minutes: float = _key(0.0, "Wall-clock limit of the run in minutes; 0 for none.")
    start_steps: int = _key(10_000, "Steps with random actions before learning begins.")
    demonstration_steps: int = _key(
        0, "Steps of line followers with noise, driven before learning and kept in a memory beside the agent's own."
    )
    use_offline_buffer: bool = _key(
        False, "Keep recorded laps in a memory beside the agent's own, too; else they begin its own."
    )
    offline_buffer_size: int = _key(12_000_000, "Steps of recorded laps that are taken at most.")
    demonstration_share: float = _key(
        0.5, "Share of every batch that comes from the memory beside: demonstrations or recorded laps."
    )
    pre_train_steps: int = _key(20_000, "Updates from demonstrations or recorded laps alone, with pre_train.")
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
    imitation_coef: float = _key(
        0.0, "Weight of doing as the demonstrations where the critics hold that for better than what the policy does."
    )
    policy_average_share: float = _key(
        0.0, "Laps are driven by the policy's average over about this share of its updates so far; 0: by the policy."
    )
    critic_layer_norm: bool = _key(False, "Normalise the layers of the critics.")
    initial_alpha: float = _key(1.0, "Temperature of the entropy at the start.")
    target_entropy: float | None = _key(
        None, "Entropy of the policy that the temperature keeps; null for minus the number of actions."
    )
    precision: str = _key("float32", "Arithmetic of hidden layers: float32, bfloat16, or auto (the faster one here).")
    log_interval: int = _key(500, "Updates between rows of summary.csv and TensorBoard.")


@dataclass
class DisCorConfig:
    """Distribution correction, on top of what SAC says."""

    error_lr: float = _key(3e-4, "Learning rate of the error model.")
    error_hidden_units: list[int] = field(
        default_factory=lambda: [256, 256, 256, 256], metadata={"help": "Hidden layers of each error network."}
    )
    tau_init: float = _key(10.0, "Temperatures of the weights at the start; they follow the error model's mean.")


@dataclass
class EncoderConfig:
    """What a learner makes of pictures before its networks look at them; one number a layer in the first three."""

    channels: list[int] = field(
        default_factory=lambda: [32, 32, 32], metadata={"help": "Channels of the convolutions."}
    )
    kernels: list[int] = field(
        default_factory=lambda: [8, 3, 3], metadata={"help": "Sides of their kernels in pixels."}
    )
    strides: list[int] = field(default_factory=lambda: [4, 2, 1], metadata={"help": "Their strides in pixels."})
    features: int = _key(50, "Numbers that each network makes of a picture.")
    shift: int = _key(4, "Pixels by which pictures are shifted at random when learned from, at most.")


@dataclass
class BCConfig:
    """Behaviour cloning: `train.py --algo bc dataset_path=...`."""

    expert: str = _key("recorded", "Whose controls are the answer: recorded, or line_follower, asked at every state.")
    pace: float = _key(0.9, "Share of the grip that the asked line follower uses.")
    clean_laps: bool = _key(True, "Recorded controls are learned from clean laps only.")
    hide_controls: bool = _key(
        True, "Do not look at the car's controls among the numbers: who does repeats them instead of driving."
    )
    crop: list[float] = field(
        default_factory=lambda: list(PictureTransform.crop),
        metadata={"help": "Part of the picture that is looked at: x, y, width, height as shares of it."},
    )
    size: list[int] = field(
        default_factory=lambda: list(PictureTransform.size),
        metadata={"help": "Width and height in pixels that this part is scaled to."},
    )
    color: str = _key(PictureTransform.color, "Colours of the pictures: gray, rgb or bgr.")
    stack: int = _key(PictureTransform.stack, "Pictures that are seen at once; one alone shows no speed.")
    spacing: float = _key(PictureTransform.spacing, "Time between these pictures [s].")
    drawn_size: list[int] = field(
        default_factory=lambda: [320, 240],
        metadata={"help": "Width and height of the pictures that are drawn for recordings without any."},
    )
    hidden_units: list[int] = field(default_factory=lambda: [256, 256], metadata={"help": "Hidden layers."})
    channels: list[int] = field(
        default_factory=lambda: [32, 48, 64],
        metadata={"help": "Channels of the convolutions that see pictures."},
    )
    kernels: list[int] = field(
        default_factory=lambda: [8, 4, 3], metadata={"help": "Sides of their kernels in pixels."}
    )
    strides: list[int] = field(default_factory=lambda: [4, 2, 1], metadata={"help": "Their strides in pixels."})
    motion: float = _key(8.0, "How much larger changes from picture to picture are shown beside the pictures; 0: not.")
    learn_speed: bool = _key(True, "Have a network of pictures tell the speed while it learns.")
    learning_rate: float = _key(1e-3, "Learning rate.")
    weight_decay: float = _key(1e-4, "Weight decay.")
    batch_size: int = _key(128, "Samples in a batch.")
    max_epochs: int = _key(150, "Passes over the data set at most.")
    patience: int = _key(40, "Epochs without a lower validation loss after which training ends.")
    validation_share: float = _key(0.2, "Share of the laps that is held back to measure by.")
    shift: int = _key(4, "Pixels by which pictures are moved up or down at random when learned from, at most.")
    brightness: float = _key(0.1, "Change of the pictures' brightness at random when learned from, at most.")
    precision: str = _key("auto", "Arithmetic of layers that learn from pictures: float32, bfloat16, or auto.")


@dataclass
class Config:
    """A run of `train.py`."""

    AssettoCorsa: AssettoCorsaConfig = field(default_factory=AssettoCorsaConfig)  # type: ignore[valid-type]
    Agent: AgentConfig = field(default_factory=AgentConfig)
    SAC: SACConfig = field(default_factory=SACConfig)
    DisCor: DisCorConfig = field(default_factory=DisCorConfig)
    Encoder: EncoderConfig = field(default_factory=EncoderConfig)
    BC: BCConfig = field(default_factory=BCConfig)
    dataset_path: str = _key("", "Recorded laps to learn from: the data set's folder, its list, or any recordings.")
    load_offline_data: bool = _key(False, "Learn from the recorded laps in dataset_path as well.")
    pre_train: bool = _key(False, "Learn from demonstrations or recorded laps alone before driving.")
    algo: str = _key(
        "sac", "What learns: sac; discor, which has the settings of SAC and of DisCor; or bc, from recorded laps alone."
    )
    seed: int = _key(0, "Seed of the environments, the networks and the sampling.")
    device: str = _key("auto", "Device of the networks: cpu, cuda, or auto (cuda where there is one).")
    torch_threads: int = _key(0, "Threads of torch; 0 for what suits the networks and the machine.")
    work_dir: str | None = _key(None, "Folder of the run's outputs; null for outputs/<date_time>.")
    exp_name: str | None = _key(None, "Name of the run in its reports; null for the name of what learns.")
    disable_wandb: bool = _key(True, "Do not log to Weights & Biases.")
    wandb_project: str = _key("ac_gym", "Project there.")
    wandb_entity: str | None = _key(None, "Entity there.")
    save_csv: bool = _key(True, "Write summary.csv and episodes_stats.csv.")
    save_video: bool = _key(True, "Make a short video of the best evaluation lap at the end.")
    save_agent: bool = _key(True, "Write checkpoints of the networks.")


def load_config(files: str | Path | Sequence[Path] | None = None, overrides: Sequence[str] = ()) -> Config:
    """Defaults, then the YAML file or files, then `overrides` as `Agent.num_steps=1000`, later ones over earlier ones;
    mistakes raise one clear line."""
    try:
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException
    except ImportError as error:
        raise ConfigError("omegaconf is not installed: pip install 'ac_gym[train]'") from error
    known = dict(_fields(Config))
    merged = OmegaConf.structured(Config)
    paths: Sequence[Path] = [] if files is None else [Path(files)] if isinstance(files, str | Path) else files
    for origin, values in _sources(OmegaConf, paths, overrides):
        for key, value in _leaves(values, known):
            key = _OTHER_NAMES.get(key, key)
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


def env_kwargs(config: Config) -> dict[str, Any]:
    """Keywords of the environments, single or vector, as the configuration says."""
    section: Any = config.AssettoCorsa
    names = [entry.name for settings in _ENV_SETTINGS for entry in dataclasses.fields(settings)]
    return {name: getattr(section, name) for name in ("track", "car", "world", *names)}


def describe_keys() -> str:
    """All keys with default and sentence, one a line."""
    lines = []
    for key, entry in _fields(Config):
        default = _plain_default(entry)
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
    omegaconf: Any, files: Sequence[Path], overrides: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import yaml

    for path in files:
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
    text = entry.type.__name__ if isinstance(entry.type, type) and "[" not in str(entry.type) else str(entry.type)
    optional = " or null" if "None" in text else ""
    names = {
        "bool": "true or false", "int": "a whole number", "float": "a number", "str": "a text",
        "list[float]": "a list of numbers", "list[int]": "a list of whole numbers", "list[str]": "a list of texts",
    }  # fmt: skip
    return names.get(text.replace(" | None", ""), "a mapping") + optional


def _check_ranges(config: Config) -> None:
    task: Any = config.AssettoCorsa
    agent, sac, encoder = config.Agent, config.SAC, config.Encoder
    layers = (encoder.channels, encoder.kernels, encoder.strides)
    clone = config.BC
    looks = (clone.channels, clone.kernels, clone.strides)
    rules = [
        (task.num_cars >= 1, "AssettoCorsa.num_cars must be at least 1"),
        (task.world != "game" or task.num_cars == 1, "AssettoCorsa.world=game has one car: AssettoCorsa.num_cars=1"),
        (task.eval_number_of_laps >= 1, "AssettoCorsa.eval_number_of_laps must be at least 1"),
        (agent.batch_size >= 1, "Agent.batch_size must be at least 1"),
        (agent.memory_size >= agent.batch_size, "Agent.memory_size must hold at least one batch"),
        (agent.demonstration_steps >= 0, "Agent.demonstration_steps must not be below 0"),
        (0.0 <= agent.demonstration_share <= 1.0, "Agent.demonstration_share must lie between 0 and 1"),
        (agent.offline_buffer_size >= 1, "Agent.offline_buffer_size must be at least 1"),
        (agent.pre_train_steps >= 0, "Agent.pre_train_steps must not be below 0"),
        (not config.load_offline_data or config.dataset_path, "load_offline_data=true needs dataset_path=..."),
        (
            not agent.use_offline_buffer or config.load_offline_data,
            "Agent.use_offline_buffer=true needs load_offline_data=true",
        ),
        (
            not (config.load_offline_data and agent.demonstration_steps),
            "load_offline_data=true and Agent.demonstration_steps: choose one of them to learn from",
        ),
        (
            not config.pre_train or config.load_offline_data or agent.demonstration_steps,
            "pre_train=true needs something to learn from: load_offline_data=true or Agent.demonstration_steps",
        ),
        (agent.update_interval > 0, "Agent.update_interval must be above 0"),
        (0.0 < sac.gamma <= 1.0, "SAC.gamma must be above 0 and at most 1"),
        (sac.nstep >= 1, "SAC.nstep must be at least 1"),
        (sac.policy_delay >= 1, "SAC.policy_delay must be at least 1"),
        (len(set(map(len, layers))) == 1, "Encoder.channels, kernels and strides must have a number for each layer"),
        (min(map(min, layers), default=0) >= 1, "Encoder.channels, kernels and strides must be at least 1"),
        (encoder.features >= 1, "Encoder.features must be at least 1"),
        (encoder.shift >= 0, "Encoder.shift must not be below 0"),
        (config.seed >= 0, "seed must not be below 0"),
        (config.algo in ("sac", "discor", "bc"), "algo must be sac, discor or bc"),
        (config.algo != "bc" or config.dataset_path, "algo=bc needs dataset_path=..., recorded laps to learn from"),
        (config.algo != "bc" or task.observation != "both", "a clone sees numbers or pictures, not both: obs=pixels"),
        (0.1 <= clone.pace <= 1.0, "BC.pace must lie between 0.1 and 1"),
        (len(set(map(len, looks))) == 1, "BC.channels, kernels and strides must have a number for each layer"),
        (min(map(min, looks), default=0) >= 1, "BC.channels, kernels and strides must be at least 1"),
        (len(clone.drawn_size) == 2, "BC.drawn_size is a width and a height"),
        (
            min(clone.batch_size, clone.max_epochs, clone.patience) >= 1,
            "BC.batch_size, max_epochs and patience must be at least 1",
        ),
        (0.0 < clone.learning_rate < math.inf, "BC.learning_rate must be a number above 0"),
        (min(clone.hidden_units, default=1) >= 1, "BC.hidden_units must be at least 1"),
        (
            all(0.0 <= each < math.inf for each in (clone.weight_decay, clone.shift, clone.brightness, clone.motion)),
            "BC.weight_decay, shift, brightness, motion: not below 0",
        ),
        (0.0 < clone.validation_share < 1.0, "BC.validation_share must lie between 0 and 1"),
        (clone.precision in PRECISIONS, f"BC.precision must be {', '.join(PRECISIONS)}"),
        (config.DisCor.tau_init > 0, "DisCor.tau_init must be above 0"),
        (sac.precision in PRECISIONS, f"SAC.precision must be {', '.join(PRECISIONS)}"),
        (sac.imitation_coef >= 0.0, "SAC.imitation_coef must not be below 0"),
        (0.0 <= sac.policy_average_share <= 1.0, "SAC.policy_average_share must lie between 0 and 1"),
    ]
    for holds, message in rules:
        if not holds:
            raise ConfigError(message)
