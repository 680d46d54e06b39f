"""train.py from end to end at toy size."""

from __future__ import annotations

import csv
import errno
import json
import pickle
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from ac_gym.cli.main import app
from ac_gym.config import env_kwargs, load_config
from ac_gym.datasets.demonstrations import record_demonstrations
from ac_gym.drivers import NetworkPolicy
from ac_gym.envs import AssettoCorsaVectorEnv
from ac_gym.recording.reading import read_recording
from algorithms.guided import GuidedReplay

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import train  # noqa: E402

OVAL = ("indianapolis_sp", "dallara_f317")  # short and simple
SHORT = ["AssettoCorsa.eval_number_of_laps=1", "save_video=false", "torch_threads=1"]
DEBUG = ["--config", str(ROOT / "configs" / "debug.yaml")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outputs") / "run"
    recorded = f"AssettoCorsa.record={path.parent / 'drives'}"
    assert train.main([*DEBUG, f"work_dir={path}", "torch_threads=1", recorded]) == 0
    return path


def test_a_run_leaves_its_files(run: Path) -> None:
    names = {str(path.relative_to(run)) for path in run.rglob("*")}
    assert {"config.yaml", "log.log", "summary.csv", "training_state.pt", "model/final/policy_net.pth"} <= names
    assert len(list((run / "model" / "checkpoints").glob("step_*/online_q_net.pth"))) == 2
    with (run / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"loss/critic", "episode/return", "laps/completed", "eval/return"} <= set(rows[-1])


def test_training_episodes_are_recorded_where_asked(run: Path) -> None:
    episodes = sorted((run.parent / "drives").glob("*.parquet"))
    assert read_recording(episodes[0]).header.source == "simulated"
    assert len({read_recording(path).table["episode"][0].as_py() for path in episodes}) == len(episodes) > 1


def test_saved_networks_are_driven_with_the_settings_of_their_run(run: Path, capsys: pytest.CaptureFixture) -> None:
    assert train.main(["--test", "--load_path", str(run / "model" / "final"), "torch_threads=1"]) == 0
    assert "the limit is" in capsys.readouterr().out


def test_resume_goes_on_where_the_run_was(run: Path) -> None:
    assert train.main(["--resume", str(run), "Agent.num_steps=6000", "torch_threads=1"]) == 0
    with (run / "summary.csv").open(newline="") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    assert steps == sorted(steps)
    assert 5500 < steps[-1] <= 6100
    assert min(steps) < 4000


def test_demonstrations_are_driven_before_learning_and_again_on_resuming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guides: list[GuidedReplay] = []

    class Watched(GuidedReplay):
        def __init__(self, *memory: Any, **guide: Any) -> None:
            super().__init__(*memory, **guide)
            guides.append(self)

    monkeypatch.setattr(train, "GuidedReplay", Watched)
    path = tmp_path / "run"
    tiny = ["Agent.num_steps=1200", "Agent.eval_interval=0", "torch_threads=1"]
    demonstrations = ["Agent.demonstration_steps=800", "Agent.demonstration_share=0.25"]
    assert train.main([*DEBUG, f"work_dir={path}", *tiny, *demonstrations]) == 0
    assert train.main(["--resume", str(path), "Agent.num_steps=1400"]) == 0
    assert len(guides) == 2
    first, again = (replay.guide for replay in guides)
    assert 800 <= len(first) < 900  # steps, and a row more for each end of an episode
    assert [replay.share for replay in guides] == [0.25, 0.25]
    for name in ("obs", "action", "reward", "kind"):
        np.testing.assert_array_equal(first.state_dict()[name], again.state_dict()[name])


@pytest.fixture(scope="module")
def laps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drives of a lap."""
    root = tmp_path_factory.mktemp("laps")
    record_demonstrations(root, track=OVAL[0], car=OVAL[1], laps=1, paces=(0.9,), noise=(0.0, 0.1))
    return root


def test_recorded_laps_are_learned_from_before_driving_and_again_on_resuming(
    laps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run"
    monkeypatch.chdir(laps.parent)
    tiny = ["Agent.num_steps=1200", "Agent.eval_interval=0", "SAC.log_interval=10", *SHORT]
    offline = ["load_offline_data=true", "Agent.use_offline_buffer=true", f"dataset_path={laps.name}", "pre_train=true"]
    place = [f"AssettoCorsa.track={OVAL[0]}", f"AssettoCorsa.car={OVAL[1]}"]
    chosen = [*DEBUG, *place, *tiny, *offline, "Agent.pre_train_steps=40", f"work_dir={path}"]
    assert train.main(chosen) == 0
    with (path / "pretraining.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["10", "20", "30", "40"]
    assert (path / "model" / "checkpoints" / "step_00000000" / "policy_net.pth").is_file()
    before = (path / "pretraining.csv").read_text()
    monkeypatch.chdir(tmp_path)  # the laps are found from anywhere
    assert train.main(["--resume", str(path), "Agent.num_steps=1400"]) == 0
    assert (path / "pretraining.csv").read_text() == before


def test_recorded_laps_begin_the_memory_where_it_is_the_only_one(laps: Path) -> None:
    config = load_config(None, [
        f"AssettoCorsa.track={OVAL[0]}", f"AssettoCorsa.car={OVAL[1]}", "AssettoCorsa.num_cars=4",
        "load_offline_data=true", f"dataset_path={laps}", "SAC.policy_hidden_units=[8]", "SAC.q_hidden_units=[8]",
    ])  # fmt: skip
    with closing(AssettoCorsaVectorEnv(4, **env_kwargs(config))) as env:
        agent = train._make_agent(config, env)
        memory = train._make_replay(config, env, agent, resumed=False)
        held = train._load_laps(config, env)
        assert len(memory) == sum(len(lap) + 1 for lap in held) > 2000
        assert len(train._make_replay(config, env, agent, resumed=True)) == 0  # it is loaded with the run
        config.Agent.offline_buffer_size = 10
        assert len(train._load_laps(config, env)) == 1


class ReferenceNetworks:
    """Networks as the reference project builds and saves them: plain layers under the names of its classes."""

    def __init__(self, folder: Path, hidden: tuple[int, ...] = (256, 256, 256), obs: int = 125) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.policy = nn.ModuleDict({"net": _layers([obs, *hidden, 6])})
        torch.save(self.policy.state_dict(), folder / "policy_net.pth")
        for name, units in (("q", hidden), ("error", (256, 256, 256, 256))):
            twins = nn.ModuleDict({f"net{k}": nn.ModuleDict({"net": _layers([obs + 3, *units, 1])}) for k in (1, 2)})
            for kind in ("online", "target"):
                torch.save(twins.state_dict(), folder / f"{kind}_{name}_net.pth")


def _layers(sizes: list[int]) -> nn.Sequential:
    modules: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        modules += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def test_checkpoints_of_the_reference_project_are_driven_and_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    theirs = ReferenceNetworks(tmp_path / "released")
    assert train.main(["--test", "--load_path", str(theirs.folder), *SHORT]) == 0
    assert "the limit is" in capsys.readouterr().out
    obs = torch.randn(5, 125)
    with torch.no_grad():
        wanted = theirs.policy["net"](obs)[:, :3].tanh()
    np.testing.assert_allclose(NetworkPolicy.load(theirs.folder)(obs.numpy()), wanted.numpy(), atol=1e-5)
    result = CliRunner().invoke(app, ["evaluate", str(theirs.folder), "--laps", "1", "--flying", "1"])
    assert result.exit_code == 0, result.output
    assert "0 of 1" in result.output


@pytest.mark.parametrize("algo", ["sac", "discor"])
def test_checkpoints_of_the_reference_project_are_trained_further(algo: str, tmp_path: Path) -> None:
    theirs = ReferenceNetworks(tmp_path / "released", hidden=(32, 32))
    run = tmp_path / "run"
    tiny = ["Agent.num_steps=600", "Agent.update_interval=1000", "Agent.eval_interval=0", f"work_dir={run}"]
    arguments = [*DEBUG, "--algo", algo, "--load_path", str(theirs.folder), *tiny, *SHORT]
    assert train.main(arguments) == 0  # without an update
    for path in theirs.folder.glob("*.pth"):
        if algo == "sac" and "error" in path.name:
            continue
        kept = torch.load(run / "model" / "final" / path.name, weights_only=True)
        given = torch.load(path, weights_only=True)
        assert kept.keys() == given.keys()
        assert all(torch.equal(kept[key], given[key]) for key in given)
    assert "algo: " + algo in (run / "config.yaml").read_text()


def test_networks_that_do_not_fit_say_how(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    theirs = ReferenceNetworks(tmp_path / "released", obs=137)
    assert train.main(["--test", "--load_path", str(theirs.folder)]) == 2
    assert "137-256-256-256-6, this run of 125-256-256-256-6" in capsys.readouterr().err
    (theirs.folder / "policy_net.pth").write_bytes(pickle.dumps(print, protocol=2))
    assert train.main(["--test", "--load_path", str(theirs.folder)]) == 2
    assert "is not a file of tensors" in capsys.readouterr().err


def test_a_run_of_discor_is_trained_resumed_and_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    run = tmp_path / "run"
    tiny = ["Agent.num_steps=1200", "Agent.eval_interval=0", "DisCor.error_hidden_units=[16]", *SHORT]
    assert train.main([*DEBUG, "--algo", "discor", f"work_dir={run}", *tiny]) == 0
    with (run / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    taus = [float(row["discor/tau_1"]) for row in rows]
    assert all(0.0 < tau < 10.0 for tau in taus)
    assert taus == sorted(taus, reverse=True)  # from 10 down to the errors' size
    assert len(json.loads((run / "system.json").read_text())["starts"]) == 1
    assert train.main(["--resume", str(run), "Agent.num_steps=1600"]) == 0
    assert len(json.loads((run / "system.json").read_text())["starts"]) == 2
    capsys.readouterr()
    assert train.main(["--resume", str(run), "--algo", "sac"]) == 2
    assert "another algorithm" in capsys.readouterr().err
    result = CliRunner().invoke(app, ["evaluate", f"DisCor={run}", "--laps", "1", "--flying", "1"])
    assert result.exit_code == 0, result.output
    assert "DisCor" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Agent.num_step=3"], "did you mean Agent.num_steps"),
        (["AssettoCorsa.track=monsa"], "monza"),
        (["AssettoCorsa.car=bmw_z4"], "bmw_z4_gt3"),
        (["obs=pixel"], "pixels"),
        (["obs=pixels", "AssettoCorsa.obs_size=[9,9]", "Agent.demonstration_steps=0"], "too small for the encoder"),
        (["AssettoCorsa.world=game"], "game"),
        (["load_offline_data=true", "dataset_path=/nowhere"], "/nowhere: no such file or folder"),
        (["load_offline_data=true", "dataset_path=x", "obs=pixels", "Agent.demonstration_steps=0"], "obs=vector"),
        (["load_offline_data=true", "dataset_path=x", "AssettoCorsa.manual_gearbox=true"], "manual_gearbox=false"),
        (["algo=ppo"], "algo must be sac, discor or bc"),
        (["--test"], "--load_path"),
        (["--test", "--load_path", "/nowhere"], "no policy_net.pth in /nowhere"),
        (["--resume", "/nowhere"], "/nowhere"),
    ],
)
def test_mistakes_are_one_clear_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture) -> None:
    assert train.main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ")
    assert message in error
    assert "\n" not in error


def test_a_disk_that_takes_nothing_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = [*DEBUG, "Agent.num_steps=600", "Agent.eval_interval=0", *SHORT]
    (tmp_path / "file").touch()
    assert train.main([*tiny, f"work_dir={tmp_path / 'file' / 'run'}"]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith(f"error: {tmp_path / 'file'}")
    assert "\n" not in error

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "laps.png")

    monkeypatch.setattr(train, "write_report", full)
    assert train.main([*tiny, f"work_dir={tmp_path / 'run'}"]) == 2
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("error: laps.png: No space left on device")

    monkeypatch.setattr(train, "write_report", lambda *_, **__: {}["a mistake of ours is not hidden"])
    with pytest.raises(KeyError):
        train.main([*tiny, f"work_dir={tmp_path / 'other'}"])


def test_pictures_are_learned_from_saved_resumed_and_driven_by(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "run"
    tiny = [
        "AssettoCorsa.num_cars=4", "AssettoCorsa.obs_size=[36, 36]", "AssettoCorsa.eval_number_of_laps=1",
        "Agent.num_steps=240", "Agent.start_steps=40", "Agent.demonstration_steps=100", "Agent.batch_size=8",
        "Agent.memory_size=400", "Agent.eval_interval=0", "Encoder.kernels=[6, 3, 3]", "save_video=false",
        "torch_threads=1", f"work_dir={path}",
    ]  # fmt: skip
    assert train.main(["obs=both", *tiny]) == 0
    assert (path / "model" / "final" / "encoder.pth").is_file()
    assert train.main(["--resume", str(path), "Agent.num_steps=300"]) == 0
    assert train.main(["--test", "--load_path", str(path / "model" / "final"), "torch_threads=1"]) == 0
    assert "the limit is" in capsys.readouterr().out


def test_a_run_is_never_written_over(run: Path, capsys: pytest.CaptureFixture) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    again = [*DEBUG, f"work_dir={run}", "Agent.num_steps=600", *SHORT]
    for how in ([], ["--algo", "bc", "dataset_path=x"], ["--load_path", str(run / "model" / "final")]):
        assert train.main([*how, *again]) == 2
        assert capsys.readouterr().err == (
            f"error: {run} holds a run: --resume {run} goes on with it, another work_dir=... begins anew\n"
        )
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_run_that_broke_off_before_it_saved_is_not_recommended(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "config.yaml").touch()
    assert train.main([*DEBUG, f"work_dir={tmp_path}"]) == 2
    assert "it broke off before it saved anything; remove it" in capsys.readouterr().err


def test_presets_belong_to_what_asks_for_them() -> None:
    def presets(*arguments: str) -> list[str]:
        return [file.name for file in train._config_files(train._parser().parse_args(arguments))]

    assert presets("obs=pixels") == presets("seed=1", "obs=both") == ["pixels.yaml"]
    assert presets("obs=vector") == []
    assert presets("AssettoCorsa.world=game") == ["game.yaml"]
    assert presets("obs=pixels", "--config", "mine.yaml") == ["mine.yaml"]


def test_both_presets_make_one_that_fits_the_game_and_pictures() -> None:
    settings = ["AssettoCorsa.world=game", "obs=pixels"]
    config = load_config(train._config_files(train._parser().parse_args(settings)), settings)
    section = config.AssettoCorsa
    assert (section.num_cars, section.obs_stack, section.use_relative_actions) == (1, 3, False)
    assert config.Agent.demonstration_steps == 0, "an hour of real time"
    assert config.Agent.memory_size * 84 * 84 < 3e9, "pictures are larger than numbers"
    assert (config.Agent.update_interval, config.SAC.critic_layer_norm) == (1, True)
