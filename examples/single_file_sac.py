"""Soft actor-critic in one file, to read and to change: python examples/single_file_sac.py --track monza --minutes 30

In the manner of CleanRL: no classes but the networks, the whole algorithm from top to bottom in `main`. `train.py` is
the fast one, with n-step targets, demonstrations, checkpoints and resuming. Needs `pip install torch`.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ac_gym.envs import AssettoCorsaVectorEnv
from ac_gym.evaluation import drive_laps


def perceptron(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_in, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, n_out))


def sample(policy: nn.Module, obs: Tensor) -> tuple[Tensor, Tensor]:
    """Actions (N, A) in -1..1 and their log probabilities (N,)."""
    mean, log_std = policy(obs).chunk(2, dim=-1)
    normal = torch.distributions.Normal(mean, log_std.clamp(-20.0, 2.0).exp())
    u = normal.rsample()
    squash = 2.0 * (np.log(2.0) - u - functional.softplus(-2.0 * u))
    return torch.tanh(u), (normal.log_prob(u) - squash).sum(-1)


def main(arguments: Sequence[str] | None = None) -> nn.Module:
    """Train, then drive a lap."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--track", default="monza")
    parser.add_argument("--car", default="bmw_z4_gt3")
    parser.add_argument("--cars", type=int, default=64, help="that drive at once")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--steps", type=int, default=20_000_000, help="of single cars, at most")
    parser.add_argument("--start-steps", type=int, default=10_000, help="with random actions")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--memory", type=int, default=500_000)
    parser.add_argument("--gamma", type=float, default=0.99)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)

    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    place = {"track": args.track, "car": args.car}
    # Ended cars begin anew at once: each step of the batch is a transition of every car.
    env = AssettoCorsaVectorEnv(args.cars, **place, start_speed=(0.0, 0.9), autoreset_mode="SAME_STEP")
    obs_dim, action_dim = env.single_observation_space.shape[0], env.single_action_space.shape[0]

    policy = perceptron(obs_dim, 2 * action_dim)
    critics = nn.ModuleList([perceptron(obs_dim + action_dim, 1) for _ in range(2)])
    targets = copy.deepcopy(critics).requires_grad_(False)
    log_alpha = torch.tensor(np.log(0.05), dtype=torch.float32, requires_grad=True)
    policy_adam = torch.optim.Adam(policy.parameters(), args.rate)
    critic_adam = torch.optim.Adam(critics.parameters(), args.rate)
    alpha_adam = torch.optim.Adam([log_alpha], args.rate)

    rows = args.memory // args.cars
    widths = {"obs": (obs_dim,), "action": (action_dim,), "reward": (), "next": (obs_dim,), "alive": ()}
    memory = {name: np.zeros((rows, args.cars, *width), np.float32) for name, width in widths.items()}

    started, laps, shown = time.monotonic(), 0, 0.0
    obs, _ = env.reset(seed=args.seed)
    for row in range(args.steps // args.cars):
        if row * args.cars < args.start_steps:
            action = rng.uniform(-1.0, 1.0, (args.cars, action_dim)).astype(np.float32)
        else:
            with torch.no_grad():
                action = sample(policy, torch.from_numpy(obs))[0].numpy()
        following, reward, terminated, _, info = env.step(action)
        reached = info.get("final_obs", following)  # where a car ended, what it saw last; a time limit is no end
        values = (obs, action, reward, reached, ~terminated)
        for array, value in zip(memory.values(), values, strict=True):
            array[row % rows] = value
        obs = following
        laps += int(info["lap_valid"].sum())

        if row * args.cars >= args.start_steps:
            at = rng.integers(min(row + 1, rows), size=args.batch), rng.integers(args.cars, size=args.batch)
            s, a, r, s2, alive = (torch.from_numpy(array[at]) for array in memory.values())
            alpha = log_alpha.detach().exp()

            with torch.no_grad():
                a2, log_prob = sample(policy, s2)
                q2 = torch.stack([q(torch.cat((s2, a2), 1))[:, 0] for q in targets]).amin(0)
                y = r + args.gamma * alive * (q2 - alpha * log_prob)
            critic_loss = sum(functional.mse_loss(q(torch.cat((s, a), 1))[:, 0], y) for q in critics)
            critic_adam.zero_grad()
            critic_loss.backward()
            critic_adam.step()

            new, log_prob = sample(policy, s)
            q = torch.stack([q(torch.cat((s, new), 1))[:, 0] for q in critics]).amin(0)
            policy_adam.zero_grad()
            (alpha * log_prob - q).mean().backward()
            policy_adam.step()

            alpha_adam.zero_grad()
            (-log_alpha * (log_prob.detach() - action_dim).mean()).backward()
            alpha_adam.step()

            with torch.no_grad():
                for target, online in zip(targets.parameters(), critics.parameters(), strict=True):
                    target.lerp_(online, 0.005)

        minutes = (time.monotonic() - started) / 60.0
        if minutes >= shown + 0.2:
            shown = minutes
            speed = 3.6 * env.telemetry["speed"].mean()
            print(f"{minutes:5.1f} min  {row * args.cars:,} steps  {speed:.0f} km/h  {laps} clean laps", flush=True)
        if minutes >= args.minutes:
            break

    def drive(obs: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return torch.tanh(policy(torch.from_numpy(obs))[:, :action_dim]).numpy()

    print(drive_laps(drive, **place, laps=1).summary())
    env.close()
    return policy


if __name__ == "__main__":
    main()
