"""What a data set is here: three splits of tensors in [-1, 1], and the errors of loading one."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.utils.data import Dataset

Progress = Callable[[float, str], None]  # (share done in [0, 1], what is going on)


class DataError(ValueError):
    """A data set or a void family that cannot be had; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Split(Dataset[dict[str, Tensor]]):
    """One split: samples and their labels; `split[i]` is {"x": (C, H, W) or (F,), "y": ()}.

    x: (N, C, H, W) or (N, F) float32 in [-1, 1]; y: (N,) int64. Raises DataError for anything else.
    """

    x: Tensor
    y: Tensor

    def __post_init__(self) -> None:
        if self.x.ndim not in (2, 4) or self.x.dtype != torch.float32:
            raise DataError(
                f"x is {self.x.dtype} {tuple(self.x.shape)}, expected float32 (N, C, H, W) or (N, F): "
                "reshape it and call .float()"
            )
        if self.y.shape != self.x.shape[:1] or self.y.dtype != torch.int64:
            raise DataError(
                f"y is {self.y.dtype} {tuple(self.y.shape)}, expected int64 ({len(self.x)},): "
                "give one label a sample and call .long()"
            )
        if self.x.numel():
            low, high = (float(v) for v in torch.aminmax(self.x))
            if not (low >= -1.0 and high <= 1.0):  # a NaN fails too
                raise DataError(f"x lies in [{low:g}, {high:g}], expected [-1, 1] and finite: scale it first")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"x": self.x[index], "y": self.y[index]}


@dataclass(frozen=True, eq=False)
class DataBundle:
    """A data set: train, validation (for every choice) and test (for the figures), the classes, a note.

    Raises DataError if the splits differ in sample shape or hold a label that has no class name.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    note: str = ""

    def __post_init__(self) -> None:
        for title, split in (("train", self.train), ("validation", self.validation), ("test", self.test)):
            shape = tuple(split.x.shape[1:])
            if shape != self.x_shape:
                raise DataError(
                    f"{self.name}: {title} samples are {shape}, expected {self.x_shape} as in train: "
                    "bring all splits to one shape"
                )
            if not len(split):
                continue
            low, high = int(split.y.min()), int(split.y.max())
            if low < 0 or high >= self.n_classes:
                raise DataError(
                    f"{self.name}: {title} labels lie in {low}..{high}, expected 0..{self.n_classes - 1}: "
                    "give one class name a label"
                )

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of one sample: (C, H, W) or (F,)."""
        return tuple(self.train.x.shape[1:])

    @property
    def n_classes(self) -> int:
        return len(self.class_names)


@dataclass(frozen=True)
class DatasetInfo:
    """What a menu shows of a data set without loading it; `reason` says why it is not ready."""

    name: str
    title: str
    kind: str  # "image" | "vector"
    x_shape: tuple[int, ...]
    n_classes: int
    ready: bool
    reason: str | None


def to_unit_range(pixels: UInt8[Tensor, "N C H W"]) -> Float32[Tensor, "N C H W"]:
    """Bytes 0..255 -> float32 in [-1, 1], 0 exactly -1 and 255 exactly 1."""
    return pixels.to(torch.float32).div_(127.5).sub_(1.0)  # in place: CIFAR-10 is 600 MB as float32


def why_missing(module: str, package: str) -> str | None:
    """Why `module` cannot be used as far as can be told without importing it, or None."""
    try:
        found = importlib.util.find_spec(module) is not None
    except ValueError:  # a half-imported module without a spec
        found = False
    return None if found else f"{package} is not installed (`pip install {package}`)"
