"""In what arithmetic networks are computed on this machine."""

from __future__ import annotations

import time

import torch


def use_bfloat16(precision: str, device: torch.device) -> bool:
    """`float32` or `bfloat16` as asked; for `auto` bfloat16 where a product of the networks' size is clearly faster."""
    if precision != "auto":
        return precision == "bfloat16"
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        x = torch.ones(256, 256, device=device, dtype=dtype)
        times = []
        for _ in range(20):
            started = time.perf_counter()
            (x @ x)[0, 0].item()
            times.append(time.perf_counter() - started)
        seconds[dtype] = min(times)
    return 1.3 * seconds[torch.bfloat16] < seconds[torch.float32]
