"""Data sets by name, and void families made from them."""

from .bundle import DataBundle, DataError, DatasetInfo, Split
from .datasets import DATASETS, available_datasets, load_dataset
from .void import HELD_OUT_VOIDS, TRAINED_VOIDS, make_void, mix_voids, void_families

__all__ = [
    "DATASETS",
    "HELD_OUT_VOIDS",
    "TRAINED_VOIDS",
    "DataBundle",
    "DataError",
    "DatasetInfo",
    "Split",
    "available_datasets",
    "load_dataset",
    "make_void",
    "mix_voids",
    "void_families",
]
