"""How many threads torch may use for networks of a few hundred units."""

from __future__ import annotations

import os

import torch


def set_torch_threads(threads: int = 0) -> int:
    """Use `threads` for tensor arithmetic, or, for 0, what suits networks this small; returns the number in use.

    A product of 256 x 256 by 256 x 256 splits well in two, hardly further, and every thread more wakes up
    for each of some hundred operations of an update: so two at most, and never more than the machine has.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(threads or min(2, cores))
    return torch.get_num_threads()
