"""Hand-made figures and samples for the views of Trust."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from lab.views.doubt import Picture


def interval(value: float, reach: float = 0.01) -> Any:
    return SimpleNamespace(value=value, low=value - reach, high=value + reach)


def separated(auroc: float | None = 0.9, n: int = 20) -> Any:
    if auroc is None:
        return SimpleNamespace(n=n, mean=interval(0.8), auroc=None, gap=None, fpr=None)
    return SimpleNamespace(n=n, mean=interval(0.25), auroc=interval(auroc), gap=interval(0.55), fpr=interval(0.125))


def picture(
    key: str = "clean:3", label: str | None = "7", answer: str = "1", other: bool = False, **measures: float
) -> Picture:
    x = np.zeros((1, 4, 4), np.float32)
    return Picture(key, x, x + 1 if other else None, label, answer, tuple((measures or {"trust": 0.125}).items()))
