"""What suits torch on a small machine with networks of a few hundred units: threads and memory."""

from __future__ import annotations

import ctypes
import os
import sys

# By default OpenMP's threads wait for each other in busy loops, and where other programs have the cores they wait most
# of the time: two threads on two busy cores made 7 updates/s, waiting asleep 40. Read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc


def set_torch_threads(threads: int = 0) -> int:
    """Use `threads` for tensor arithmetic, or, for 0, what suits networks this small; returns the number in use.

    A product of 256 x 256 by 256 x 256 splits well in two, hardly further, and every thread more wakes up
    for each of some hundred operations of an update: so two at most, and never more than the machine has.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(threads or min(2, cores))
    return torch.get_num_threads()


def keep_freed_memory() -> bool:
    """Let glibc keep what is freed instead of giving it back to the system; False on other C libraries.

    An update allocates and frees activations of half a megabyte; by default many of them are returned and faulted in
    again (200 page faults an update, 4 % of its time).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, 32 << 20) and mallopt(_M_TRIM_THRESHOLD, 1 << 30))
