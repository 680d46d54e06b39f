"""What a folder of `train.py` means to a command: the checkpoint, and the settings that its driver learned with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ac_gym.errors import PolicyFileError

_CHECKPOINTS = ("best_lap_time", "best_reward", "final")  # of a run's folder, the first that is there


def checkpoint(path: Path, instead: str = "") -> Path:
    """The checkpoint meant by a run's folder: its best; any other path is one itself. `instead`: what else would do."""
    if not path.exists():
        raise PolicyFileError(f"no {path}: give {instead}the folder of a run or checkpoint of train.py")
    return next((path / "model" / name for name in _CHECKPOINTS if (path / "model" / name).is_dir()), path)


def settings_around(folder: Path) -> dict[str, Any]:
    """Keywords of the environment that the run learned in, always of the simulator; defaults where no run is around."""
    from ac_gym.config import env_kwargs, load_config

    around = [folder, *folder.resolve().parents[:3]]
    file = next((path / "config.yaml" for path in around if (path / "config.yaml").is_file()), None)
    return env_kwargs(load_config(file)) | {"world": "simulated"}


def check_sizes(folder: Path, policy: Any, settings: dict[str, Any]) -> None:
    """PolicyFileError where a driver by numbers does not have the sizes of the task with these settings."""
    from ac_gym.envs import AssettoCorsaVectorEnv

    env = AssettoCorsaVectorEnv(1, **settings)
    task = env.session.task
    sizes = task.observation_size, task.action_size
    env.close()
    if (policy.obs_dim, policy.action_dim) != sizes:
        raise PolicyFileError(
            f"the driver in {folder} takes {policy.obs_dim} numbers and gives {policy.action_dim}, this task has "
            f"{sizes[0]} and takes {sizes[1]}: its run's config.yaml belongs beside it or above"
        )
