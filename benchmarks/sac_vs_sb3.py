"""Our SAC against Stable-Baselines3's, in one process on one thread: returns at equal steps, and updates a second.

    pip install stable-baselines3 "gymnasium[mujoco]"
    python benchmarks/sac_vs_sb3.py speed learn --out benchmarks/results/sac_vs_sb3.json

Times are of this process alone (CPU seconds of its one thread), so that a busy machine does not count. `speed` times
whole updates, sampling included, on 125 observations and 3 actions, interleaved. `learn` trains both from the same
seeds with the same sizes, rates and numbers of steps and updates. What is measured again replaces its part of the file.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import stable_baselines3
import torch
from stable_baselines3.common.logger import configure

from algorithms.loop import LoopSettings, train
from algorithms.replay import Replay
from algorithms.sac import SAC, SACSettings
from algorithms.threads import keep_freed_memory

LEARN = {
    "Pendulum-v1": {"steps": 10_000, "seeds": 3, "hidden": (64, 64), "batch": 128, "lr": 1e-3, "eval": 20},
    "HalfCheetah-v5": {"steps": 30_000, "seeds": 2, "hidden": (256, 256), "batch": 128, "lr": 3e-4, "eval": 5},
}
START_STEPS = 1000
GAMMA = 0.99
PRECISIONS = ("float32", "bfloat16")


class _Blank(gymnasium.Env):
    """Spaces of the default task and nothing else."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (125,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)


def peer(
    env: gymnasium.Env, hidden: tuple[int, ...], batch: int, lr: float, seed: int, size: int
) -> stable_baselines3.SAC:
    agent = stable_baselines3.SAC(
        "MlpPolicy", env, learning_rate=lr, buffer_size=size, learning_starts=START_STEPS, batch_size=batch,
        gamma=GAMMA, policy_kwargs={"net_arch": list(hidden)}, seed=seed, device="cpu",
    )  # fmt: skip
    agent.set_logger(configure(None, []))
    return agent


def ours(obs: int, act: int, hidden: tuple[int, ...], lr: float, seed: int, precision: str) -> SAC:
    settings = SACSettings(
        policy_lr=lr, q_lr=lr, entropy_lr=lr, policy_hidden_units=hidden, q_hidden_units=hidden, precision=precision
    )
    return SAC(obs, act, settings, seed=seed)


def speed(
    batch: int, hidden: tuple[int, ...] = (256, 256, 256), rounds: int = 8, updates: int = 25
) -> dict[str, float]:
    """Best updates a second of `rounds` interleaved rounds."""
    rng = np.random.default_rng(0)
    agent = peer(_Blank(), hidden, batch, 3e-4, 0, 20_000)
    replay = Replay(20_000, 1, 125, 3, GAMMA)
    for _ in range(5000):
        obs, following, action = rng.normal(size=(1, 125)), rng.normal(size=(1, 125)), rng.uniform(-1, 1, (1, 3))
        reward, ends = rng.normal(size=1), np.zeros(1, bool)
        agent.replay_buffer.add(obs, following, action, reward, ends, [{}])
        replay.add(np.zeros(1, np.int64), obs, action, reward, ends, ends, following)

    def run_ours(agent: SAC) -> Callable[[], None]:
        def run() -> None:
            for _ in range(updates):
                agent.update(replay.sample(batch))

        return run

    contestants = {"sb3": lambda: agent.train(updates, batch)}
    for precision in PRECISIONS:
        contestants[f"ours {precision}"] = run_ours(ours(125, 3, hidden, 3e-4, 0, precision))
    best = dict.fromkeys(contestants, 0.0)
    for _ in range(rounds):
        for name, run in contestants.items():
            started = time.process_time()
            run()
            best[name] = max(best[name], updates / (time.process_time() - started))
    return best


def evaluate(act: Callable[[np.ndarray], np.ndarray], name: str, episodes: int) -> float:
    """Mean return of the deterministic policy over `episodes` fixed seeds."""
    env = gymnasium.make(name)
    total = 0.0
    for seed in range(episodes):
        obs, _ = env.reset(seed=10_000 + seed)
        done = False
        while not done:
            obs, reward, terminated, truncated, _ = env.step(act(obs))
            total += float(reward)
            done = terminated or truncated
    return total / episodes


def learn_peer(name: str, task: dict[str, Any], seed: int) -> tuple[float, float]:
    agent = peer(gymnasium.make(name), task["hidden"], task["batch"], task["lr"], seed, task["steps"])
    started = time.process_time()
    agent.learn(task["steps"])
    return evaluate(
        lambda obs: agent.predict(obs, deterministic=True)[0], name, task["eval"]
    ), time.process_time() - started


def learn_ours(name: str, task: dict[str, Any], seed: int, precision: str) -> tuple[float, float]:
    env = gymnasium.make(name)
    assert isinstance(env.action_space, gymnasium.spaces.Box)
    assert env.observation_space.shape
    obs_dim, act_dim, high = env.observation_space.shape[0], env.action_space.shape[0], env.action_space.high
    agent = ours(obs_dim, act_dim, task["hidden"], task["lr"], seed, precision)
    replay = Replay(task["steps"] + 1000, 1, obs_dim, act_dim, GAMMA, seed=seed)
    settings = LoopSettings(
        num_steps=task["steps"], start_steps=START_STEPS, batch_size=task["batch"], log_interval=0, checkpoint_freq=0,
        seed=seed,
    )  # fmt: skip
    started = time.process_time()
    train(env, agent, replay, settings)
    score = evaluate(lambda obs: agent.act(obs[None], deterministic=True)[0] * high, name, task["eval"])
    return score, time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=["speed", "learn"])
    parser.add_argument("--tasks", nargs="+", default=list(LEARN), choices=list(LEARN))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    result: dict[str, Any] = json.loads(args.out.read_text()) if args.out and args.out.is_file() else {}
    result |= {"machine": platform.processor() or platform.machine(), "torch": torch.__version__}

    def save() -> None:
        if args.out:
            args.out.write_text(json.dumps(result, indent=1) + "\n")

    if "speed" in args.what:
        result["updates_per_s"] = {}
        print(f"{'batch':>6} {'sb3':>8}" + "".join(f"{p:>12} {'ratio':>6}" for p in PRECISIONS))
        for batch in (128, 256, 512):
            rates = result["updates_per_s"][batch] = speed(batch)
            cells = "".join(f"{rates[f'ours {p}']:12.1f} {rates[f'ours {p}'] / rates['sb3']:6.2f}" for p in PRECISIONS)
            print(f"{batch:6d} {rates['sb3']:8.1f}{cells}", flush=True)
    if "learn" in args.what:
        result.setdefault("learn", {})
        for name in args.tasks:
            task = LEARN[name]
            table = result["learn"][name] = {"settings": task, "returns": {}, "seconds": {}}
            for seed in range(task["seeds"]):
                runs = {"sb3": lambda n=name, t=task, s=seed: learn_peer(n, t, s)}
                for p in PRECISIONS:
                    runs[f"ours {p}"] = lambda n=name, t=task, s=seed, p=p: learn_ours(n, t, s, p)
                for who, run in runs.items():
                    score, seconds = run()
                    table["returns"].setdefault(who, []).append(score)
                    table["seconds"].setdefault(who, []).append(seconds)
                    print(f"{name} seed {seed} {who:14} return {score:9.1f} in {seconds:6.1f} CPU s", flush=True)
                    save()
            for who, scores in table["returns"].items():
                print(f"{name} {who:14} mean {np.mean(scores):9.1f}  sd {np.std(scores):7.1f}", flush=True)
    save()


if __name__ == "__main__":
    main()
