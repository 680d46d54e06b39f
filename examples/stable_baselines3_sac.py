"""Stable-Baselines3 learns to drive: python examples/stable_baselines3_sac.py --track monza --cars 16 --steps 2000000

A batch of cars is one native environment; `Cars` shows it to Stable-Baselines3 as its `VecEnv`. Needs `pip install
stable-baselines3`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import VecEnv, VecMonitor

from ac_gym.envs import AssettoCorsaVectorEnv
from ac_gym.evaluation import drive_laps


class Cars(VecEnv):
    """`AssettoCorsaVectorEnv` as Stable-Baselines3 wants it: ended cars begin anew at once, infos are a list."""

    def __init__(self, count: int, **settings: Any) -> None:
        self._cars = AssettoCorsaVectorEnv(count, autoreset_mode="SAME_STEP", **settings)
        self.render_mode = None
        self._seed: int | None = None
        super().__init__(count, self._cars.single_observation_space, self._cars.single_action_space)

    def reset(self) -> np.ndarray:
        observation, _ = self._cars.reset(seed=self._seed)
        self._seed = None
        return observation

    def step_async(self, actions: np.ndarray) -> None:
        self._actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        observation, reward, terminated, truncated, info = self._cars.step(self._actions)
        done = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for i in np.flatnonzero(done):
            infos[i] = {
                "terminal_observation": info["final_obs"][i],
                "TimeLimit.truncated": bool(truncated[i] and not terminated[i]),
            }
        return observation, reward.astype(np.float32), done, infos

    def seed(self, seed: int | None = None) -> list[int | None]:
        self._seed = seed
        return [seed] * self.num_envs

    def close(self) -> None:
        self._cars.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self._cars, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        setattr(self._cars, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        return [getattr(self._cars, method_name)(*args, **kwargs)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        return [False] * len(list(self._get_indices(indices)))


def main(arguments: Sequence[str] | None = None) -> SAC:
    """Train, then drive a lap."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--track", default="monza")
    parser.add_argument("--car", default="bmw_z4_gt3")
    parser.add_argument("--cars", type=int, default=16, help="that drive at once")
    parser.add_argument("--steps", type=int, default=2_000_000, help="of single cars")
    parser.add_argument("--learning-starts", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", help="file for the trained agent")
    args = parser.parse_args(arguments)

    place = {"track": args.track, "car": args.car}
    env = VecMonitor(Cars(args.cars, **place, start_speed=(0.0, 0.9)))
    agent = SAC(
        "MlpPolicy", env, gamma=0.99, batch_size=128, buffer_size=200_000, learning_starts=args.learning_starts,
        ent_coef="auto_0.05", train_freq=4, gradient_steps=1, seed=args.seed, verbose=1, device="cpu",
    )  # fmt: skip
    agent.learn(args.steps, log_interval=20)
    if args.save:
        agent.save(args.save)
    print(drive_laps(lambda obs: agent.predict(obs, deterministic=True)[0], **place, laps=1).summary())
    env.close()
    return agent


if __name__ == "__main__":
    main()
