"""Train or test a driver: python train.py AssettoCorsa.track=monza Agent.max_minutes=15 (--help lists every key)."""

from __future__ import annotations

import argparse
import errno
import math
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

try:
    from algorithms.threads import keep_freed_memory, set_torch_threads  # first: it tells torch's threads how to wait
except ImportError:
    sys.exit("error: training needs PyTorch: pip install 'ac_gym[train]'")

import torch
from rich.progress import Progress as ProgressBar

from ac_gym.config import Config, describe_keys, env_kwargs, load_config, save_config
from ac_gym.datasets.episodes import Episode
from ac_gym.datasets.offline import recorded_laps
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
from algorithms.guided import GuidedReplay, remember
from algorithms.loggers import CsvLogger, Logger, Loggers, TensorBoardLogger, WandbLogger
from algorithms.loop import Callback, LoopSettings, Progress, StepRecord, collect, train
from algorithms.observations import shape_of
from algorithms.pretraining import pretrain
from algorithms.progress import ProgressLine
from algorithms.provenance import save_provenance
from algorithms.replay import Replay
from algorithms.run import (
    CONFIG,
    MODELS,
    SUMMARY,
    EvaluateRun,
    LogRun,
    SaveRun,
    check_work_dir,
    logging_to,
    make_run_folder,
)
from algorithms.sac import SAC, SACSettings
from clone_training import clone

ALGORITHMS: dict[str, tuple[type[SAC], type[SACSettings]]] = {
    "sac": (SAC, SACSettings),
    "discor": (DisCor, DisCorSettings),
}
CLONING = "bc"
PRESETS = {  # by the setting that asks for them; of several, the later ones here win
    "obs=pixels": "pixels.yaml",
    "obs=both": "pixels.yaml",
    f"algo={CLONING}": "cloning.yaml",
    "AssettoCorsa.world=game": "game.yaml",
}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # what a disk says that takes nothing
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.ENOTDIR)
ERROR_NETWORKS = ("online_error_net.pth", "target_error_net.pth")  # which a checkpoint of SAC lacks


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    args = _parser().parse_intermixed_args(arguments)
    try:
        chosen = [f"algo={args.algo}"] if args.algo else []
        config = load_config(_config_files(args), [*chosen, *args.settings])
        if config.dataset_path:  # a run may be resumed from another folder
            config = replace(config, dataset_path=str(Path(config.dataset_path).resolve()))
        if not (args.test or args.resume):
            check_work_dir(config.work_dir)
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
    except OSError as error:
        if error.errno not in FULL + FORBIDDEN:
            raise
        place = f"{error.filename}: " if error.filename else ""
        remedy = "; work_dir=... is where a run is written to" if error.errno in FULL else ""
        print(f"error: {place}{error.strerror}{remedy}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # while evaluating or reporting; training itself ends cleanly, with everything saved
        return 130
    return 0


def learn(config: Config, load_path: Path | None, resume: Path | None) -> None:
    """Train, then drive evaluation laps with the best networks."""
    section: Any = config.AssettoCorsa
    with closing(AssettoCorsaVectorEnv(section.num_cars, record=section.record or None, **env_kwargs(config))) as env:
        world, in_game = env.session.world, section.world == "game"
        agent = _make_agent(config, env)
        if load_path:
            for name in load_networks(load_path, agent.modules(), agent.device, optional=ERROR_NETWORKS):
                print(f"no {name} in {load_path}: it starts anew", flush=True)
            agent.begin_from_average()
        replay = _make_replay(config, env, agent, resumed=resume is not None)
        progress = Progress()
        if resume:
            recover(resume)
        saved = load_training(resume, agent, replay, progress) if resume else {}
        run = resume or make_run_folder(config.work_dir)
        write_atomically(run / CONFIG, lambda path: save_config(config, path))
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
        saving = SaveRun(run, agent, replay, lambda: {"laps": book.state(), "best_lap_s": best.best}, config.save_agent)
        callbacks: list[Callback] = [
            BookLaps(book),
            ProgressLine(settings, lambda: book.texts() | _texts(world)),
            best,
            LogRun(loggers, lambda: book.figures() | _figures(world), config.Agent.log_interval),
            saving,
        ]
        print(f"writing to {run}", flush=True)
        with logging_to(run):
            if config.pre_train:
                _pretrain(config, agent, replay, progress, run, lambda: saving.on_checkpoint(progress))
            train(env, agent, replay, settings, callbacks, progress)
        if report := world.report():
            print(report, flush=True)

        if math.isfinite(best.best):
            load_networks(run / MODELS / "best_lap_time", agent.acting_modules(), agent.device)
        _report(config, _evaluate(config, agent, env), run)


def test(config: Config, load_path: Path | None) -> None:
    """Drive evaluation laps with the networks in `load_path`; the report goes to a folder `evaluation` beside them."""
    if load_path is None:
        raise UserError("--test needs --load_path, the folder of a checkpoint, as outputs/<run>/model/best_lap_time")
    with closing(AssettoCorsaVectorEnv(1, **env_kwargs(config))) as env:
        agent = _make_agent(config, env)
        load_networks(load_path, agent.acting_modules(), agent.device)
        if ENCODER not in agent.acting_modules() and not (load_path / PORTABLE_POLICY).is_file():
            export_policy(agent.average_policy.state_dict(), load_path / PORTABLE_POLICY)
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


def _make_replay(config: Config, env: AssettoCorsaVectorEnv, agent: SAC, resumed: bool) -> Replay:
    """The agent's memory and, beside it, that of its guide: recorded laps, or line followers driven on the spot."""

    def memory(kind: type[Replay], capacity: int, tapes: int = env.num_envs, **guide: Any) -> Replay:
        sizes = tapes, agent.obs_shape, agent.action_dim
        return kind(capacity, *sizes, config.SAC.gamma, config.SAC.nstep, config.seed, **guide)

    settings = config.Agent
    if config.load_offline_data and not settings.use_offline_buffer:
        replay = memory(Replay, settings.memory_size)
        if not resumed:  # else they were saved with the rest of it
            remember(replay, _load_laps(config, env))
        return replay
    if config.load_offline_data:
        laps = _load_laps(config, env)
        guide = memory(Replay, sum(len(lap) + 1 for lap in laps) + 1, tapes=1)  # the row after the last stays free
        remember(guide, laps)
    elif steps := settings.demonstration_steps:
        guide = memory(Replay, 2 * steps)  # ends of episodes take rows of their own
        demonstrator = Demonstrator(env.session.task, seed=config.seed)
        with ProgressBar() as bar:
            shown = bar.add_task("laps of line followers to learn from", total=steps)
            for count in collect(env, demonstrator, guide, steps, config.seed):
                bar.update(shown, completed=count)
    else:
        return memory(Replay, settings.memory_size)
    return memory(GuidedReplay, settings.memory_size, guide=guide, share=settings.demonstration_share)


def _load_laps(config: Config, env: AssettoCorsaVectorEnv) -> list[Episode]:
    """The recorded laps of this track and car, as the run's own task sees them."""
    session = env.session
    if session.pixels is not None:
        raise UserError("recorded laps are learned from by numbers, not by pictures: obs=vector")
    if session.task.action_size != 3:
        raise UserError("recorded laps do not tell when a driver shifts: AssettoCorsa.manual_gearbox=false")
    laps: list[Episode] = []
    steps = 0
    for lap in recorded_laps(config.dataset_path, session.world.track, session.world.car, session.task.settings):
        laps.append(lap)
        steps += len(lap)
        if steps >= config.Agent.offline_buffer_size:
            break
    if not laps:
        raise UserError(f"no two rows of {config.dataset_path} hang together: `ac-gym laps` tells what is missing")
    print(f"{steps:,} steps of recorded laps from {config.dataset_path}", flush=True)
    return laps


def _pretrain(
    config: Config, agent: SAC, replay: Replay, progress: Progress, run: Path, save: Callable[[], None]
) -> None:
    """Learn from the guide, or from what the memory begins with, before driving; figures go to files of their own,
    whose steps are updates."""
    resume_at = progress.pretraining or None
    loggers = Loggers([CsvLogger(run / "pretraining.csv", resume_at)]) if config.save_csv else Loggers([])
    updates, memory = config.Agent.pre_train_steps, replay.guide if isinstance(replay, GuidedReplay) else replay
    with closing(loggers), ProgressBar(disable=progress.pretraining >= updates) as bar:
        shown = bar.add_task("pretraining", total=updates)
        for count in pretrain(
            agent, memory, progress, updates=updates, batch_size=config.Agent.batch_size,
            log_interval=config.SAC.log_interval, log=loggers.log, save=save,
        ):  # fmt: skip
            bar.update(shown, completed=count)


def _make_loggers(config: Config, run: Path, resume_at: int | None) -> list[Logger]:
    loggers: list[Logger] = []
    if config.save_csv:
        loggers.append(CsvLogger(run / SUMMARY, resume_at))
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


def _config_files(args: argparse.Namespace) -> list[Path]:
    """The file asked for; else that of the run which is resumed or whose networks are loaded; else the presets for
    pictures and for the game (what suits a simulator's thousands of steps a second does not suit 25), as asked for."""
    if args.config:
        return [Path(args.config)]
    if args.resume:
        return [Path(args.resume) / CONFIG]
    if args.load_path:
        for folder in Path(args.load_path).resolve().parents[:3]:
            if (folder / CONFIG).is_file():
                return [folder / CONFIG]
    asked = [f"algo={args.algo}", *args.settings]
    return [configs_dir() / file for setting, file in PRESETS.items() if setting in asked]


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
