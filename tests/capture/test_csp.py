"""The csp source's protocol, as C, against a producer that does what is known of Custom Shaders Patch's.

The same programs run under Wine in `make test-windows`, there with Direct3D.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ac_gym.capture import CspSettings, open_source
from ac_gym.errors import CaptureError, ConfigError

HERE = Path(__file__).parent
GRABBER = HERE.parents[1] / "native" / "grab"
PROGRAM = ("csp_test.c", "producer.c", "share.c", "fake_system.c")

not_windows = pytest.mark.skipif(sys.platform == "win32", reason="runs where there is no Windows")


@not_windows
def test_protocol(tmp_path: Path) -> None:
    """The program tells one line for each thing that must hold."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or "clang"
    sources = [*(HERE / "csp" / name for name in PROGRAM), *sorted(GRABBER.glob("*.c"))]
    program = tmp_path / "csp_test"
    options = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", f"-I{GRABBER}", f"-I{HERE / 'csp'}"]
    subprocess.run([compiler, *options, *sources, "-o", program, "-lm", "-lpthread"], check=True)
    result = subprocess.run([program], capture_output=True, text=True, timeout=300.0)
    lines = result.stdout.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert len(lines) == 21
    assert result.returncode == 0


@not_windows
def test_not_on_this_system() -> None:
    with pytest.raises(CaptureError, match="can be read on Windows only"):
        open_source("csp")


def test_a_patch_that_is_too_old() -> None:
    with pytest.raises(CaptureError, match=r"of build 2260 shares no textures; update it to 0.1.80-preview348"):
        open_source("csp", csp=CspSettings(build=2260))


@pytest.mark.parametrize("settings", [{"texture_size": (31, 100)}, {"texture_size": (100, 2049)}, {"draws": 3}])
def test_settings_out_of_range(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        CspSettings(**settings)  # type: ignore[arg-type]
