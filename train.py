"""Train or test a driver: python train.py AssettoCorsa.track=monza Agent.max_minutes=15 (--help lists every key)."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

try:
    import torch
except ImportError:
    sys.exit("error: training needs PyTorch: pip install 'ac_gym[train]'")

from rich.progress import Progress as ProgressBar

from ac_gym.config import Config, describe_keys, env_kwargs, load_config, save_config
from ac_gym.drivers import Demonstrator
from ac_gym.envs import AssettoCorsaVectorEnv
from ac_gym.errors import AcGymError
from ac_gym.evaluation import Evaluation, drive_laps
from ac_gym.laps import LapBook
from ac_gym.report import write_report
from ac_gym.resources import configs_dir
from ac_gym.worlds import World
from algorithms.checkpoint import (
    ENCODER,
    PORTABLE_POLICY,
    export_policy,
    load_networks,
    load_training,
    recover,
    write_atomically,
)
from algorithms.discor import DisCor, DisCorSettings
from algorithms.encoder import EncoderSettings
from algorithms.errors import UserError
from algorithms.guided import GuidedReplay
from algorithms.loggers import CsvLogger, Logger, TensorBoardLogger, WandbLogger
from algorithms.loop import Callback, LoopSettings, Progress, StepRecord, collect, train
from algorithms.observations import shape_of
from algorithms.progress import ProgressLine
from algorithms.provenance import save_provenance
from algorithms.replay import Replay
from algorithms.run import EvaluateRun, LogRun, SaveRun, logging_to, make_run_folder
from algorithms.sac import SAC, SACSettings
from algorithms.threads import keep_freed_memory, set_torch_threads
from cloning import clone

ALGORITHMS: dict[str, tuple[type[SAC], type[SACSettings]]] = {
    "sac": (SAC, SACSettings),
    "discor": (DisCor, DisCorSettings),
}
CLONING = "bc"
PRESETS = {  # by the setting that asks for them
    f"algo={CLONING}": "cloning.yaml",
    "AssettoCorsa.world=game": "game.yaml",
    "obs=pixels": "pixels.yaml",
    "obs=both": "pixels.yaml",
}
ERROR_NETWORKS = ("online_error_net.pth", "target_error_net.pth")  # which a checkpoint of SAC lacks


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    args = _parser().parse_args(arguments)
    try:
        chosen = [f"algo={args.algo}"] if args.algo else []
        config = load_config(_config_file(args), [*chosen, *args.settings])
        set_torch_threads(config.torch_threads)
        keep_freed_memory()
        if config.algo == CLONING:
            clone(config, args, _make_loggers, _report)
        elif args.test:
            test(config, args.load_path)
        else:
            learn(config, args.load_path, args.resume)
    except (AcGymError, UserError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # while evaluating or reporting; training itself ends cleanly, with everything saved
        return 130
    return 0


def learn(config: Config, load_path: Path | None, resume: Path | None) -> None:
    """Train, then drive evaluation laps with the best networks."""
    section: Any = config.AssettoCorsa
    with closing(AssettoCorsaVectorEnv(section.num_cars, **env_kwargs(config))) as env:
        world, in_game = env.session.world, section.world == "game"
        agent = _make_agent(config, env)
        if load_path:
            for name in load_networks(load_path, agent.modules(), agent.device, optional=ERROR_NETWORKS):
                print(f"no {name} in {load_path}: it starts anew", flush=True)
        replay = _make_replay(config, env, agent)
        progress = Progress()
        if resume:
            recover(resume)
        saved = load_training(resume, agent, replay, progress) if resume else {}
        run = resume or make_run_folder(config.work_dir)
        write_atomically(run / "config.yaml", lambda path: save_config(config, path))
        save_provenance(run, Path(__file__).parent)
        settings = LoopSettings(
            num_steps=config.Agent.num_steps, start_steps=config.Agent.start_steps,
            batch_size=config.Agent.batch_size, update_interval=config.Agent.update_interval,
            log_interval=config.SAC.log_interval, eval_interval=config.Agent.eval_interval,
            checkpoint_freq=config.Agent.checkpoint_freq, max_minutes=config.Agent.max_minutes, seed=config.seed,
            real_time=1.0 / world.control_rate if in_game else 0.0, evaluates_env=in_game,
        )  # fmt: skip

        book = LapBook(world.profile.lap_time_s, **saved.get("laps", {}))
        loggers = _make_loggers(config, run, progress.env_steps if resume else None)
        best = EvaluateRun(
            run, agent, lambda: _score(config, agent, env), loggers, best=saved.get("best_lap_s", math.inf)
        )
        callbacks: list[Callback] = [
            BookLaps(book),
            ProgressLine(settings, lambda: book.texts() | _texts(world)),
            best,
            SaveRun(run, agent, replay, lambda: {"laps": book.state(), "best_lap_s": best.best}, config.save_agent),
            LogRun(loggers, lambda: book.figures() | _figures(world), config.Agent.log_interval),
        ]
        print(f"writing to {run}", flush=True)
        with logging_to(run):
            train(env, agent, replay, settings, callbacks, progress)
        if report := world.report():
            print(report, flush=True)

        if math.isfinite(best.best):
            load_networks(run / "model" / "best_lap_time", agent.acting_modules(), agent.device)
        _report(config, _evaluate(config, agent, env), run)


def test(config: Config, load_path: Path | None) -> None:
    """Drive evaluation laps with the networks in `load_path`; the report goes to a folder `evaluation` beside them."""
    if load_path is None:
        raise UserError("--test needs --load_path, the folder of a checkpoint, as outputs/<run>/model/best_lap_time")
    with closing(AssettoCorsaVectorEnv(1, **env_kwargs(config))) as env:
        agent = _make_agent(config, env)
        load_networks(load_path, agent.acting_modules(), agent.device)
        if ENCODER not in agent.acting_modules() and not (load_path / PORTABLE_POLICY).is_file():
            export_policy(agent.policy.state_dict(), load_path / PORTABLE_POLICY)
            print(f"wrote {PORTABLE_POLICY} there, for ac-gym evaluate", flush=True)
        _report(config, _evaluate(config, agent, env), load_path / "evaluation")


class BookLaps(Callback):
    """Enters the laps of all cars into the book."""

    def __init__(self, book: LapBook) -> None:
        self._book = book

    def on_step(self, progress: Progress, step: StepRecord) -> None:
        self._book.add(step.infos)


def _make_agent(config: Config, env: AssettoCorsaVectorEnv) -> SAC:
    device = config.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    learner, settings = ALGORITHMS[config.algo]
    keys = vars(config.SAC) | vars(config.DisCor) | {"encoder": EncoderSettings(**vars(config.Encoder))}
    chosen = settings(**{field.name: keys[field.name] for field in fields(settings)})
    (action_dim,) = env.session.action_space.shape
    return learner(shape_of(env.session.observation_space), action_dim, chosen, device, config.seed)


def _make_replay(config: Config, env: AssettoCorsaVectorEnv, agent: SAC) -> Replay:
    def shape(capacity: int) -> tuple[Any, ...]:
        sizes = (env.num_envs, agent.obs_shape, agent.action_dim)
        return capacity, *sizes, config.SAC.gamma, config.SAC.nstep, config.seed

    steps = config.Agent.demonstration_steps
    if not steps:
        return Replay(*shape(config.Agent.memory_size))
    guide = Replay(*shape(2 * steps))  # ends of episodes take rows of their own
    demonstrator = Demonstrator(env.session.task, seed=config.seed)
    with ProgressBar() as bar:
        shown = bar.add_task("laps of line followers to learn from", total=steps)
        for count in collect(env, demonstrator, guide, steps, config.seed):
            bar.update(shown, completed=count)
    return GuidedReplay(*shape(config.Agent.memory_size), guide=guide, share=config.Agent.demonstration_share)


def _make_loggers(config: Config, run: Path, resume_at: int | None) -> list[Logger]:
    loggers: list[Logger] = []
    if config.save_csv:
        loggers.append(CsvLogger(run / "summary.csv", resume_at))
    loggers.append(TensorBoardLogger(run / "summary", resume_at))
    if not config.disable_wandb:
        name, settings = config.exp_name or config.algo, asdict(config)
        loggers.append(WandbLogger(run, config.wandb_project, config.wandb_entity, name, settings, resume_at))
    return loggers


def _evaluate(config: Config, agent: SAC, env: AssettoCorsaVectorEnv) -> Evaluation:
    """Laps of the deterministic policy from the hotlap start, with the car as its file describes it; in the game, with
    the one car there is, that of `env`."""
    section: Any = config.AssettoCorsa
    settings = {**env_kwargs(config), "start": "line", "randomise": {}}
    if section.world == "game":
        settings["world"] = env.session.world
    return drive_laps(
        lambda obs: agent.act(obs, deterministic=True),
        laps=section.eval_number_of_laps, num_envs=config.Agent.num_eval_episodes, seed=config.seed, **settings,
    )  # fmt: skip


def _report(config: Config, evaluation: Evaluation, folder: Path) -> None:
    """Laps to the terminal; tables, plots and a video of the best lap to `folder`."""
    section: Any = config.AssettoCorsa
    print(evaluation.summary(), flush=True)
    written = write_report(
        folder, evaluation, stats=config.save_csv, lap_csv=section.save_lap_csv, video=config.save_video
    )
    print(f"wrote to {folder}: {', '.join(str(path.relative_to(folder)) for path in written)}")


def _score(config: Config, agent: SAC, env: AssettoCorsaVectorEnv) -> tuple[float, dict[str, float]]:
    evaluation = _evaluate(config, agent, env)
    return evaluation.best_s, evaluation.figures()


def _texts(world: World) -> dict[str, str]:
    """What the world reports of itself, for the progress line."""
    return {name.replace("_", " "): f"{value:.3g}" for name, value in world.info().items()}


def _figures(world: World) -> dict[str, float]:
    """The same for the loggers."""
    return {f"world/{name}": value for name, value in world.info().items()}


def _config_file(args: argparse.Namespace) -> Path | None:
    """The file asked for; else that of the run which is resumed or whose networks are loaded; else the preset for the
    game (what suits a simulator's thousands of steps a second does not suit 25) or for pictures."""
    if args.config:
        return Path(args.config)
    if args.resume:
        return Path(args.resume) / "config.yaml"
    if args.load_path:
        for folder in Path(args.load_path).resolve().parents[:3]:
            if (folder / "config.yaml").is_file():
                return folder / "config.yaml"
    asked = [f"algo={args.algo}", *args.settings]
    return next((configs_dir() / file for setting, file in PRESETS.items() if setting in asked), None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"settings and their defaults:\n{describe_keys()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, help="YAML file of settings; settings on the command line win")
    parser.add_argument("--algo", choices=[*ALGORITHMS, CLONING], help="what learns: the setting algo")
    parser.add_argument("--test", action="store_true", help="drive evaluation laps instead of training")
    parser.add_argument("--load_path", type=Path, help="folder of networks to test, or to start training from")
    parser.add_argument("--resume", type=Path, help="run folder to go on with, where it was")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings, as AssettoCorsa.car=dallara_f317")
    return parser


if __name__ == "__main__":
    sys.exit(main())
