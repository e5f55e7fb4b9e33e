"""The data sets that torchvision reads, from disk or downloaded with progress; imported only when used."""

import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from .bundle import DataBundle, DataError, Progress, Split, to_unit_range
from .download import Archive, DownloadError, fetch

VALIDATION_SHARE = 0.1
VALIDATION_SEED = 20_108  # a constant: the validation split is the same in every run
INSTEAD = "Use the embedded data set 'digits', which needs no network and no torchvision"


@dataclass(frozen=True)
class TorchvisionSet:
    """What is known of a set without importing torchvision."""

    title: str
    class_name: str  # in torchvision.datasets
    x_shape: tuple[int, int, int]
    class_names: tuple[str, ...]


_DIGITS = tuple(str(d) for d in range(10))
_CLOTHES = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
_KANA = "o,ki,su,tsu,na,ha,ma,ya,re,wo"
_THINGS = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"
SETS: dict[str, TorchvisionSet] = {
    "mnist": TorchvisionSet("MNIST, 70,000 digits", "MNIST", (1, 28, 28), _DIGITS),
    "fashion-mnist": TorchvisionSet(
        "Fashion-MNIST, 70,000 clothes", "FashionMNIST", (1, 28, 28), tuple(_CLOTHES.split(","))
    ),
    "kmnist": TorchvisionSet("Kuzushiji-MNIST, 70,000 kana", "KMNIST", (1, 28, 28), tuple(_KANA.split(","))),
    "cifar10": TorchvisionSet("CIFAR-10, 60,000 photos", "CIFAR10", (3, 32, 32), tuple(_THINGS.split(","))),
}


def default_data_dir() -> Path:
    """Where downloads go unless a folder is given: $XDG_CACHE_HOME or ~/.cache, satipatthana/data."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "satipatthana" / "data"


def load_torchvision(name: str, root: Path, download: bool, progress: Progress) -> DataBundle:
    """Loads the set `name` of SETS from `root`, downloading what is missing if `download`.

    The last tenth of the training images by a constant permutation is the validation split. Raises DataError
    if torchvision cannot be imported, a file is missing and cannot be downloaded, or a file is damaged.
    """
    info = SETS[name]
    reader = _reader(name, info)
    archives, extracted = _layout(reader, root)
    if not extracted:
        _complete(name, archives, root, download, progress)
    progress(1.0, f"{name}: reading")
    try:
        # All archives lie there with the right checksum, so "download" only unpacks.
        train = reader(str(root), train=True, download=not extracted)
        test = reader(str(root), train=False, download=False)
        train_x, train_y = _pixels(train), _labels(train)
        test_x, test_y = _pixels(test), _labels(test)
    except Exception as error:  # on a bad file torchvision raises anything, AssertionError to UnpicklingError
        raise DataError(
            f"the files of {name!r} in {root} cannot be read ({_one_line(error)}), expected the set's own "
            f"format, complete: delete that set's folder there and load it again. {INSTEAD}."
        ) from error
    # RandomState, because numpy guarantees its stream for ever.
    order = torch.from_numpy(np.random.RandomState(VALIDATION_SEED).permutation(len(train_x)))
    n_kept = len(order) - int(len(order) * VALIDATION_SHARE)
    kept, held = order[:n_kept], order[n_kept:]
    return DataBundle(
        name=name,
        train=Split(to_unit_range(train_x[kept]), train_y[kept]),
        validation=Split(to_unit_range(train_x[held]), train_y[held]),
        test=Split(to_unit_range(test_x), test_y),
        class_names=info.class_names,
        note=f"{info.title}, read from {root}; validation is a constant tenth of the training images",
    )


def _reader(name: str, info: TorchvisionSet) -> Any:
    try:
        return getattr(importlib.import_module("torchvision.datasets"), info.class_name)
    except Exception as error:  # a torchvision that does not fit torch raises RuntimeError
        raise DataError(
            f"data set {name!r} needs torchvision, and importing it failed ({_one_line(error)}): install the "
            f"torchvision that belongs to torch {torch.__version__}. {INSTEAD}."
        ) from error


def _layout(reader: Any, root: Path) -> tuple[list[Archive], bool]:
    """The archives of a set by torchvision's own constants, and whether they are unpacked in `root`."""
    if hasattr(reader, "mirrors"):  # the MNIST family
        raw = root / reader.__name__ / "raw"
        archives = [
            Archive(tuple(mirror + file for mirror in reader.mirrors), raw / file, md5)
            for file, md5 in reader.resources
        ]
        return archives, all(archive.path.with_suffix("").is_file() for archive in archives)
    archives = [Archive((reader.url,), root / reader.filename, reader.tgz_md5)]
    files = [file for file, _ in reader.train_list + reader.test_list] + [reader.meta["filename"]]
    return archives, all((root / reader.base_folder / file).is_file() for file in files)


def _complete(name: str, archives: list[Archive], root: Path, download: bool, progress: Progress) -> None:
    """Makes every archive lie on disk with the right checksum, or raises DataError."""
    missing = [archive for archive in archives if not archive.is_complete()]
    if not missing:
        return
    files = ", ".join(archive.path.name for archive in missing)
    if not download:
        raise DataError(
            f"data set {name!r} is not in {root} (missing: {files}) and downloading is switched off: "
            f"allow the download, or give the folder that holds it with --data-dir. {INSTEAD}."
        )
    try:
        fetch(missing, lambda share, text: progress(share, f"{name}: {text}"))
    except DownloadError as error:
        raise DataError(
            f"downloading data set {name!r} failed, perhaps this machine is offline ({error}). "
            f"{INSTEAD}, or put the set's files into a folder by hand and name it with --data-dir "
            f"(looked in {root})."
        ) from error


def _pixels(dataset: Any) -> UInt8[Tensor, "N C H W"]:
    data = torch.as_tensor(dataset.data)
    return data.unsqueeze(1) if data.ndim == 3 else data.permute(0, 3, 1, 2)  # (N, H, W) or (N, H, W, C)


def _labels(dataset: Any) -> Int64[Tensor, " N"]:
    return torch.as_tensor(dataset.targets).to(torch.int64)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
