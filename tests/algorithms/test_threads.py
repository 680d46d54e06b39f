"""Threads and memory of torch on small machines."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import torch

from algorithms.threads import keep_freed_memory, set_torch_threads


def test_default_is_at_most_two_threads_and_a_number_is_obeyed() -> None:
    before = torch.get_num_threads()
    try:
        assert 1 <= set_torch_threads() <= min(2, os.cpu_count() or 1)
        assert set_torch_threads(1) == torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_glibc_takes_the_memory_settings() -> None:
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")


def test_threads_wait_asleep_unless_told_otherwise() -> None:
    show = "import algorithms.threads, os; print(os.environ['OMP_WAIT_POLICY'])"
    for set_before, expected in ((None, "passive"), ("active", "active")):
        environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        if set_before:
            environment["OMP_WAIT_POLICY"] = set_before
        done = subprocess.run([sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected
