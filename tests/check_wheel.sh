#!/usr/bin/env bash
# Build a wheel, install it into an empty environment, and drive from an empty folder: data files must travel inside it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=$(cd "$root" && command -v "${PYTHON:-python3}")
case "$python" in /*) ;; *) python="$root/$python" ;; esac

"$python" -m pip wheel --quiet --no-deps --wheel-dir "$work/dist" "$root"
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --constraint "$root/constraints.txt" "$work"/dist/*.whl
mkdir "$work/empty"
cd "$work/empty"
"$work/venv/bin/python" - <<'PY'
import gymnasium as gym

from ac_gym.resources import plugin_dir

env = gym.make("ac_gym:AssettoCorsa-v0", track="indianapolis_sp", car="dallara_f317")
observation, _ = env.reset(seed=0)
for _ in range(25):
    observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
assert observation.shape == (125,)
assert {"sensors_par.py", "sensors_par.ini", "sensors_par_lib"} <= {path.name for path in plugin_dir().iterdir()}
print("wheel: the environment steps from an empty folder")
PY
"$work/venv/bin/ac-gym" tracks list > /dev/null
