"""Environment steps a second of the whole training loop, beside Stable-Baselines3's on the same batch of cars.

    pip install stable-baselines3
    python benchmarks/training_loop.py [--cars 64] [--interval 64] [--output benchmarks/results/training_loop.json]

Both drive the same native batch of cars (Stable-Baselines3 through examples/stable_baselines3_sac.py), act, store and
learn: soft actor-critic, equal networks, batches and windows of one step, an update in `--interval` steps of single
cars. They take turns, on one thread, and the best round of each counts, in CPU time of this process. `without updates`
is the same loop before learning begins: driving, acting at random and storing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import stable_baselines3
import torch
from stable_baselines3.common.logger import configure

from ac_gym.envs import AssettoCorsaVectorEnv
from algorithms.loop import LoopSettings, Progress, train
from algorithms.replay import Replay
from algorithms.sac import SAC, SACSettings
from algorithms.threads import keep_freed_memory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
from stable_baselines3_sac import Cars

HIDDEN, BATCH, GAMMA, MEMORY = (256, 256, 256), 256, 0.99, 200_000
NEVER = 10**9


def ours(cars: int, interval: int, learns: bool) -> Callable[[int], int]:
    """A function that drives that many steps more and returns how many updates that took."""
    env = AssettoCorsaVectorEnv(cars)
    agent = SAC(125, 3, SACSettings(policy_hidden_units=HIDDEN, q_hidden_units=HIDDEN))
    replay, progress = Replay(MEMORY, cars, 125, 3, GAMMA), Progress()

    def drive(steps: int) -> int:
        before = progress.updates
        settings = LoopSettings(
            num_steps=progress.env_steps + steps, start_steps=BATCH if learns else NEVER, batch_size=BATCH,
            update_interval=interval, log_interval=0, checkpoint_freq=0,
        )  # fmt: skip
        replay.end_episodes()
        train(env, agent, replay, settings, progress=progress)
        return progress.updates - before

    return drive


def theirs(cars: int, interval: int, learns: bool) -> Callable[[int], int]:
    """The same of Stable-Baselines3, which counts updates after whole steps of the batch."""
    every, updates = max(interval // cars, 1), max(cars // interval, 1)
    agent = stable_baselines3.SAC(
        "MlpPolicy", Cars(cars), buffer_size=MEMORY, learning_starts=BATCH if learns else NEVER, batch_size=BATCH,
        gamma=GAMMA, train_freq=every, gradient_steps=updates, policy_kwargs={"net_arch": list(HIDDEN)}, device="cpu",
    )  # fmt: skip
    agent.set_logger(configure(None, []))

    def drive(steps: int) -> int:
        before = agent._n_updates
        agent.learn(steps, reset_num_timesteps=False)
        return agent._n_updates - before

    return drive


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cars", type=int, default=64)
    options.add_argument("--interval", type=int, default=64, help="steps of single cars per update")
    options.add_argument("--steps", type=int, default=6400, help="of a round")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--output", type=Path)
    arguments = options.parse_args()
    if max(arguments.cars, arguments.interval) % min(arguments.cars, arguments.interval):
        options.error("of --cars and --interval one must be a multiple of the other")
    torch.set_num_threads(1)
    keep_freed_memory()
    table: dict[str, dict[str, float]] = {}
    for name, learns in (("without updates", False), ("learning", True)):
        loops = {
            who: make(arguments.cars, arguments.interval, learns) for who, make in (("sb3", theirs), ("ours", ours))
        }
        best = dict.fromkeys(loops, 0.0)
        updates = dict.fromkeys(loops, 0)
        for loop in loops.values():
            loop(2 * BATCH)  # warms up, and fills what updates draw from
        for _ in range(arguments.rounds):
            for who, loop in loops.items():
                started = time.process_time()
                updates[who] += loop(arguments.steps)
                best[who] = max(best[who], arguments.steps / (time.process_time() - started))
        driven = arguments.rounds * arguments.steps
        table[name] = best | {"ratio": best["ours"] / best["sb3"]}
        table[name] |= {f"{who} updates per 1000 steps": 1000 * count / driven for who, count in updates.items()}
        print(f"{name:16} sb3 {best['sb3']:8,.0f}  ours {best['ours']:8,.0f} steps/s  ratio {table[name]['ratio']:.2f}")
        print(f"{'':16} updates in 1000 steps: sb3 {1000 * updates['sb3'] / driven:.1f}, ", end="")
        print(f"ours {1000 * updates['ours'] / driven:.1f}", flush=True)
    if arguments.output:
        sizes = {"cars": arguments.cars, "interval": arguments.interval, "batch": BATCH, "hidden": HIDDEN}
        result = {"command": " ".join(["python", *sys.argv]), **sizes, "steps_per_cpu_second": table}
        arguments.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
