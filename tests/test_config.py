"""The configuration: keys, types, nearest names, files and what the environments get of it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from ac_gym.config import Config, describe_keys, env_kwargs, load_config, save_config
from ac_gym.envs import AssettoCorsaVectorEnv
from ac_gym.errors import AcGymError, ConfigError, UnknownNameError
from ac_gym.track import available_tracks

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))


@pytest.mark.parametrize(
    ("setting", "near"),
    [
        ("Agent.num_step=3", "Agent.num_steps"),
        ("num_steps=3", "Agent.num_steps"),
        ("AssettoCorsa.trak=monza", "AssettoCorsa.track"),
        ("SAC.gama=0.9", "SAC.gamma"),
        ("sead=1", "seed"),
    ],
)
def test_unknown_keys_name_the_nearest(setting: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"did you mean .*{near}") as error:
        load_config(None, [setting])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("Agent.num_steps=many", "Agent.num_steps=many is not a whole number"),
        ("Agent.num_steps=1.5", "not a whole number"),
        ("AssettoCorsa.abs=2.5", "not true or false"),
        ("AssettoCorsa.max_gap=wide", "not a number or null"),
        ("AssettoCorsa.start_speed=[a,b]", "not a list of numbers"),
        ("SAC.q_hidden_units=3", "not a list of whole numbers"),
        ("AssettoCorsa.randomise=3", "not a mapping"),
        ("SAC.gamma=2", "SAC.gamma must be"),
        ("SAC.precision=double", "SAC.precision must be"),
        ("AssettoCorsa.num_cars=0", "num_cars must be at least 1"),
        ("Agent.demonstration_steps=-1", "demonstration_steps must not"),
        ("Agent.demonstration_share=1.5", "demonstration_share must lie"),
        ("Agent.offline_buffer_size=0", "offline_buffer_size must be at least 1"),
        ("Agent.pre_train_steps=-1", "pre_train_steps must not"),
        ("load_offline_data=true", "needs dataset_path="),
        ("Agent.use_offline_buffer=true", "needs load_offline_data=true"),
        ("pre_train=true", "needs something to learn from: load_offline_data=true or"),
        ("Encoder.strides=[2,2]", "Encoder.channels, kernels and strides must have a number for each layer"),
        ("Encoder.kernels=[8,3,0]", "Encoder.channels, kernels and strides must be at least 1"),
        ("Encoder.shift=-1", "Encoder.shift must not be below 0"),
        ("Agent", "is not a setting; write key=value"),
    ],
)
def test_wrong_values_are_one_clear_line(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        load_config(None, [setting])
    assert "\n" not in str(error.value)


def test_a_guide_comes_from_one_place() -> None:
    two = ["load_offline_data=true", "dataset_path=laps", "Agent.demonstration_steps=10"]
    with pytest.raises(ConfigError, match="choose one of them"):
        load_config(None, two)
    assert load_config(None, two[:2]).dataset_path == "laps"


def test_obs_is_short_for_the_observation() -> None:
    assert env_kwargs(load_config(None, ["obs=both"]))["observation"] == "both"
    assert env_kwargs(load_config(None))["observation"] == "vector"


def test_command_line_wins_over_file_and_file_over_default(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("Agent:\n  num_steps: 5\n  batch_size: 7\n")
    config = load_config(path, ["Agent.num_steps=6"])
    assert (config.Agent.num_steps, config.Agent.batch_size) == (6, 7)
    assert config.SAC == Config().SAC


def test_saved_configuration_loads_the_same(tmp_path: Path) -> None:
    config = load_config(None, ["AssettoCorsa.randomise.grip=[0.9,1.1]", "SAC.policy_hidden_units=[8]", "work_dir=x"])
    save_config(config, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml") == config


def test_mistakes_in_files_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    for text, message in (("Agent: {num_step: 1}", "unknown setting in .*c.yaml"), ("- 1", "keys"), ("a: [", "YAML")):
        path.write_text(text)
        with pytest.raises(AcGymError, match=message):
            load_config(path)
    with pytest.raises(ConfigError, match="no configuration file"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_files_load(path: Path) -> None:
    needed = ["dataset_path=laps"] if path.stem == "cloning" else []
    assert load_config(path, needed).AssettoCorsa.track in available_tracks()


def test_every_key_has_a_sentence() -> None:
    lines = describe_keys().splitlines()
    assert len(lines) > 100
    assert all(len(sentence.strip()) > 3 for sentence in lines[1::2])


def test_environments_take_the_configuration() -> None:
    config = load_config(None, ["AssettoCorsa.randomise.grip=[0.9,1.1]", "AssettoCorsa.start=line"])
    keywords = env_kwargs(config)
    assert keywords["track"] == "monza"
    assert set(inspect.signature(AssettoCorsaVectorEnv).parameters).isdisjoint({"num_cars"})
    env = AssettoCorsaVectorEnv(2, **keywords)
    assert env.session.world.settings.start == "line"
    assert env.session.world.settings.randomise == {"grip": [0.9, 1.1]}


def test_the_game_is_refused_until_its_bridge_is_here() -> None:
    with pytest.raises(ConfigError, match="game"):
        AssettoCorsaVectorEnv(1, **env_kwargs(load_config(None, ["AssettoCorsa.world=game"])))
