"""Learning from a fixed memory alone, before the first step of one's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from algorithms.interrupts import StopRequest
from algorithms.loop import Agent, Progress
from algorithms.replay import Replay


def pretrain(
    agent: Agent,
    memory: Replay,
    progress: Progress,
    *,
    updates: int,
    batch_size: int,
    log_interval: int = 500,
    save_interval: int = 5000,
    log: Callable[[int, Mapping[str, float]], None] = lambda update, values: None,
    save: Callable[[], None] = lambda: None,
) -> Iterator[int]:
    """Update until `progress.pretraining` has come to `updates`, which it yields after each; a resumed run goes on.

    `log` gets the learner's figures every `log_interval` updates. `save` is called every `save_interval`, at the end,
    and when the user interrupts, who then gets a KeyboardInterrupt.
    """
    p, saved = progress, progress.pretraining
    started = time.monotonic() - p.elapsed_s
    with StopRequest() as stop:
        while p.pretraining < updates and not stop:
            metrics = agent.update(replace(memory.sample(batch_size), shown=batch_size))
            p.pretraining += 1
            p.elapsed_s = time.monotonic() - started
            if p.pretraining % log_interval == 0:
                log(p.pretraining, {name: float(value) for name, value in metrics.items()})
            if p.pretraining % save_interval == 0:
                saved = p.pretraining
                save()
            yield p.pretraining
        if saved < p.pretraining:
            save()
    if stop:
        raise KeyboardInterrupt
