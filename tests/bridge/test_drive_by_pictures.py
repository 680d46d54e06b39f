"""`ac-gym drive --model --source shm` against `ac-gym serve --pictures`: each a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import torch
from serving import Served, serving

from ac_gym.capture.transform import PictureTransform
from ac_gym.telemetry.pages import PHYSICS, page_name
from ac_gym.telemetry.shared_memory import SharedPage
from algorithms.bc import BCSettings, Clone, export_clone

TRANSFORM = PictureTransform(size=(12, 8), stack=1)
PATIENCE_S = 30.0


def _full_throttle(folder: Path) -> Path:
    """A model that has learned one thing."""
    network = Clone((1, 8, 12), 3, BCSettings(hidden_units=(), channels=(1,), kernels=(3,), strides=(1,)))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.layers[-1].bias.copy_(torch.tensor([0.0, 9.0, -9.0]))
    about = {
        "kind": "pictures", "picture": TRANSFORM.as_dict(), "view": "cockpit", "size": [64, 48], "rate": 25.0,
        "strides": [1],
    }  # fmt: skip
    export_clone(network, network.state_dict(), about, folder)
    return folder


def _throttle(served: Served) -> float:
    with SharedPage.open(page_name("physics", served.pages), PHYSICS) as page:
        return float(page.read()["gas"])


def _until(served: Served, throttle: float) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while abs(_throttle(served) - throttle) > 0.02:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_it_drives_and_ctrl_c_leaves_the_controls_neutral(tmp_path: Path) -> None:
    name = f"t{uuid.uuid4().hex[:10]}"
    pictures = ["--pictures=64x48", f"--pictures-name={name}"]
    with serving("--track=indianapolis_sp", "--car=ks_mazda_miata", *pictures) as served:
        command = [
            sys.executable, "-m", "ac_gym.cli.main", "drive", f"--model={_full_throttle(tmp_path)}", "--source=shm",
            f"--source-name={name}", "--control=plugin", f"--ego-port={served.ports['ego']}",
            f"--management-port={served.ports['management']}",
        ]  # fmt: skip
        driver = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        try:
            assert driver.stdout is not None
            first = driver.stdout.readline()
            assert "Ctrl-C stops" in first
            assert _until(served, 1.0)
            second = driver.stdout.readline() + driver.stdout.readline()
            driver.send_signal(signal.SIGINT)
            rest, _ = driver.communicate(timeout=PATIENCE_S)
        finally:
            driver.kill()
            driver.wait()
        assert driver.returncode == 0, rest
        assert _until(served, 0.0)
    assert "controls are neutral" in rest
    assert re.search(r"throttle 100 %, brake +0 %; \d+ decisions/s, \d+ pictures/s, \d+ ms old", second), second
