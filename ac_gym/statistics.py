"""Figures of few samples that say how far they can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

CONFIDENCE = 0.95


def interquartile_mean(values: ArrayLike) -> float:
    """Mean of the middle half; NaN for none."""
    array = np.ravel(values)
    return float(_middle_mean(array)) if array.size else math.nan


def bootstrap_interval(units: Sequence[ArrayLike], resamples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """Interval of `CONFIDENCE` for the interquartile mean of all scores, whole units (runs) drawn with replacement.

    As Agarwal et al. 2021 (arXiv 2108.13264) propose for few runs. Units have the same number of scores; (NaN, NaN) for
    a single unit, which says nothing of others.
    """
    scores = np.stack([np.ravel(unit) for unit in units])
    count = len(scores)
    if count < 2:
        return math.nan, math.nan
    drawn = np.random.default_rng(seed).integers(count, size=(resamples, count))
    means = _middle_mean(scores[drawn].reshape(resamples, -1))
    low, high = np.quantile(means, [0.5 - 0.5 * CONFIDENCE, 0.5 + 0.5 * CONFIDENCE])
    return float(low), float(high)


def _middle_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    cut = values.shape[-1] // 4
    return np.sort(values, axis=-1)[..., cut : values.shape[-1] - cut].mean(axis=-1)


def share_interval(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's interval of `CONFIDENCE` for a share."""
    if trials == 0:
        return math.nan, math.nan
    found = stats.binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)
