"""Data sets by name: the embedded digits, two moons, and the sets that torchvision reads."""

import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..assets import asset_path
from .bundle import DataBundle, DataError, DatasetInfo, Progress, Split, to_unit_range, why_missing
from .torchvision_sets import SETS, default_data_dir, load_torchvision

MOONS_SEED = 20_108
MOONS_PER_CLASS = (1000, 150, 350)  # train, validation, test
MOONS_NOISE = 0.1

DATASETS: tuple[str, ...] = ("digits", "moons", *SETS)


def load_dataset(
    name: str,
    *,
    data_dir: str | Path | None = None,
    download: bool = True,
    progress: Progress | None = None,
) -> DataBundle:
    """Loads a data set by name, one of DATASETS.

    `data_dir` is where torchvision's sets lie or go (default: the user's cache folder), `progress` is told
    (share done, text), also while a file is downloaded, and may raise to end that. Raises DataError, with the
    remedy: an unknown name, torchvision missing or broken, no network, a damaged file.
    """
    tell: Progress = progress or (lambda share, text: None)
    if name not in DATASETS:
        raise DataError(f"unknown data set {name!r}, expected one of: {', '.join(DATASETS)}")
    tell(0.0, f"{name}: loading")
    if name == "digits":
        bundle = _digits()
    elif name == "moons":
        bundle = _moons()
    else:
        root = Path(data_dir).expanduser() if data_dir is not None else default_data_dir()
        bundle = load_torchvision(name, root, download, tell)
    tell(1.0, f"{name}: ready")
    return bundle


def available_datasets() -> tuple[DatasetInfo, ...]:
    """What a menu needs to know of every data set, in its order; cheap, imports nothing.

    A torchvision that is installed but broken counts as ready: only loading tells.
    """
    no_torchvision = why_missing("torchvision", "torchvision")
    no_sklearn = why_missing("sklearn", "scikit-learn")
    infos = [
        DatasetInfo("digits", "Digits, 5,000 of MNIST (embedded)", "image", (1, 28, 28), 10, True, None),
        DatasetInfo("moons", "Two moons (2-D points)", "vector", (2,), 2, no_sklearn is None, no_sklearn),
    ]
    for name, info in SETS.items():
        ready = no_torchvision is None
        infos.append(DatasetInfo(name, info.title, "image", info.x_shape, len(info.class_names), ready, no_torchvision))
    return tuple(infos)


def _digits() -> DataBundle:
    path = asset_path("digits.npz")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            x, y, split = (torch.from_numpy(arrays[key]) for key in ("x", "y", "split"))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} cannot be read ({error}), expected the arrays x, y and split: restore the file from the "
            "repository, or make it again with assets/make_digits.py"
        ) from error
    pixels = to_unit_range(x.unsqueeze(1))  # (N, 1, 28, 28)
    labels = y.to(torch.int64)
    train, validation, test = (Split(pixels[split == part], labels[split == part]) for part in range(3))
    return DataBundle(
        name="digits",
        train=train,
        validation=validation,
        test=test,
        class_names=tuple(str(digit) for digit in range(10)),
        note="5,000 real MNIST digits that ship with the project; provenance and licence in assets/digits.md",
    )


def _moons() -> DataBundle:
    try:
        from sklearn.datasets import make_moons
    except Exception as error:
        raise DataError(
            f"data set 'moons' needs scikit-learn, and importing it failed ({error}): "
            "`pip install scikit-learn`, or use the embedded data set 'digits'"
        ) from error
    moons = make_moons(2 * sum(MOONS_PER_CLASS), noise=MOONS_NOISE, random_state=MOONS_SEED)
    points, labels = np.asarray(moons[0]), np.asarray(moons[1])
    low, high = points.min(axis=0), points.max(axis=0)
    # One factor for both axes, so that the moons keep their shape.
    points = (points - (low + high) / 2) / ((high - low).max() / 2)
    x = torch.from_numpy(points.astype(np.float32)).clamp_(-1.0, 1.0)  # float32 may round a hair beyond 1
    y = torch.from_numpy(labels.astype(np.int64))
    parts: list[list[Tensor]] = [[], [], []]
    for label in (0, 1):  # make_moons has shuffled already: the first points of a class are as good as any
        rows = torch.nonzero(y == label)[:, 0]
        for part, share in zip(parts, torch.split(rows, list(MOONS_PER_CLASS)), strict=True):
            part.append(share)
    orders = [torch.cat(part).sort()[0] for part in parts]
    train, validation, test = (Split(x[rows], y[rows]) for rows in orders)
    return DataBundle(
        name="moons",
        train=train,
        validation=validation,
        test=test,
        class_names=("upper moon", "lower moon"),
        note=f"two interleaved half circles with noise {MOONS_NOISE}, from scikit-learn",
    )
