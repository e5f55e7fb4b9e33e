"""The embedded digits and the moons: their splits, their ranges, and what the loader says."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch.utils.data import DataLoader

from satipatthana.assets import asset_path
from satipatthana.data import (
    DATASETS,
    DataBundle,
    DataError,
    Split,
    available_datasets,
    datasets,
    load_dataset,
)

# Another order or split would silently change every published figure.
DIGITS_SHA256 = "c2555715bb8c63d4d7d0c4022349c869660e5418afbbaf46ad05bc6b6e839cb0"


@pytest.fixture(scope="module")
def digits() -> DataBundle:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def moons() -> DataBundle:
    return load_dataset("moons")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_digits", asset_path("make_digits.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _splits(bundle: DataBundle) -> tuple[Split, Split, Split]:
    return bundle.train, bundle.validation, bundle.test


def _rows(split: Split) -> set[bytes]:
    return {row.numpy().tobytes() for row in split.x}


def test_digits_are_split_by_class(digits: DataBundle):
    assert [split.y.bincount().tolist() for split in _splits(digits)] == [[350] * 10, [50] * 10, [100] * 10]


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_samples_are_float32_in_range_and_of_one_shape(name: str, request: pytest.FixtureRequest):
    bundle = request.getfixturevalue(name)
    for split in _splits(bundle):
        assert split.x.dtype == torch.float32 and split.y.dtype == torch.int64
        assert split.x.min() >= -1 and split.x.max() <= 1
        assert tuple(split.x.shape[1:]) == bundle.x_shape
    whole = torch.cat([split.x for split in _splits(bundle)])
    assert float(whole.min()) == -1.0 and float(whole.max()) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_splits_share_no_sample(name: str, request: pytest.FixtureRequest):
    train, validation, test = (_rows(split) for split in _splits(request.getfixturevalue(name)))
    assert not train & validation and not train & test and not validation & test


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_the_same_every_time_whatever_the_global_seed(name: str, request: pytest.FixtureRequest):
    first = request.getfixturevalue(name)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        again = load_dataset(name)
    for one, other in zip(_splits(first), _splits(again), strict=True):
        assert torch.equal(one.x, other.x) and torch.equal(one.y, other.y)


def test_the_stored_digits_are_the_ones_that_were_measured():
    path = asset_path("digits.npz")
    assert path.stat().st_size <= 1_500_000
    digest = hashlib.sha256()
    with np.load(path) as arrays:
        assert arrays["x"].dtype == np.uint8 and arrays["x"].shape == (5000, 28, 28)
        for key in ("x", "y", "split"):
            digest.update(arrays[key].tobytes())
    assert digest.hexdigest() == DIGITS_SHA256


def test_the_script_and_the_file_name_one_constant(script: ModuleType):
    with np.load(asset_path("digits.npz")) as arrays:
        assert int(arrays["split_seed"]) == script.SPLIT_SEED


def test_the_script_makes_the_stored_split_again(script: ModuleType):
    # The split depends on the labels alone, and the source is sorted by class.
    labels = np.repeat(np.arange(10), 500)
    pixels = np.arange(5000)[:, None] % 256 * np.ones(784)
    made = script.arrange(pixels, labels)
    with np.load(asset_path("digits.npz")) as stored:
        assert np.array_equal(made["y"], stored["y"])
        assert np.array_equal(made["split"], stored["split"])
    assert made["x"].shape == (5000, 28, 28) and made["x"].dtype == np.uint8


def test_moons_are_two_separable_half_circles(moons: DataBundle):
    assert [split.y.bincount().tolist() for split in _splits(moons)] == [[1000] * 2, [150] * 2, [350] * 2]
    assert moons.x_shape == (2,) and moons.n_classes == 2
    neighbours = KNeighborsClassifier(5).fit(moons.train.x.numpy(), moons.train.y.numpy())
    assert neighbours.score(moons.test.x.numpy(), moons.test.y.numpy()) > 0.99
    assert moons.train.x[moons.train.y == 0, 1].mean() > moons.train.x[moons.train.y == 1, 1].mean()


def test_a_split_is_a_torch_dataset(digits: DataBundle):
    sample = digits.test[3]
    assert set(sample) == {"x", "y"}
    assert sample["x"].shape == (1, 28, 28) and sample["y"].shape == ()
    batch = next(iter(DataLoader(digits.test, batch_size=4)))
    assert torch.equal(batch["x"], digits.test.x[:4]) and torch.equal(batch["y"], digits.test.y[:4])
    assert sum(1 for _ in digits.validation) == len(digits.validation) == 500


def test_progress_begins_at_nothing_and_ends_at_one():
    seen: list[tuple[float, str]] = []
    load_dataset("digits", progress=lambda share, text: seen.append((share, text)))
    assert seen[0][0] == 0.0 and seen[-1][0] == 1.0
    assert all("digits" in text for _, text in seen)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(DataError, match=r"'mnits'.*digits, moons, mnist, fashion-mnist, kmnist, cifar10"):
        load_dataset("mnits")


def test_damaged_digits_say_how_to_get_them_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = asset_path("digits.npz").read_bytes()
    damaged = tmp_path / "digits.npz"
    monkeypatch.setattr(datasets, "asset_path", lambda *parts: damaged)
    for content in (b"", b"junk", whole[:1000]):
        damaged.write_bytes(content)
        with pytest.raises(DataError, match=r"restore the file.*make_digits\.py"):
            load_dataset("digits")
    np.savez(damaged, x=np.zeros((1, 28, 28), np.uint8))
    with pytest.raises(DataError, match=r"'?y'? is not a file"):
        load_dataset("digits")


# --- the menu -----------------------------------------------------------------------------------------------


def test_the_menu_lists_every_set_as_it_loads(digits: DataBundle, moons: DataBundle):
    infos = {info.name: info for info in available_datasets()}
    assert tuple(infos) == DATASETS
    assert all(info.ready and info.reason is None for info in infos.values())
    for bundle in (digits, moons):
        info = infos[bundle.name]
        assert (info.x_shape, info.n_classes) == (bundle.x_shape, bundle.n_classes)
    assert {name: info.kind for name, info in infos.items() if info.kind != "image"} == {"moons": "vector"}


def test_the_menu_says_why_a_set_is_greyed_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    infos = {info.name: info for info in available_datasets()}
    assert infos["digits"].ready and infos["moons"].ready
    for name in ("mnist", "fashion-mnist", "kmnist", "cifar10"):
        assert not infos[name].ready
        assert infos[name].reason == "torchvision is not installed (`pip install torchvision`)"


# --- what a split and a bundle refuse -----------------------------------------------------------------------


def _split(n: int = 4, width: int = 2, label: int = 0) -> Split:
    return Split(torch.zeros(n, width), torch.full((n,), label))


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (torch.zeros(3, 2), torch.zeros(4, dtype=torch.int64), "one label a sample"),
        (torch.zeros(3, 2), torch.zeros(3), "expected int64"),
        (torch.zeros(3, 2, dtype=torch.float64), torch.zeros(3, dtype=torch.int64), "expected float32"),
        (torch.zeros(3, 28, 28), torch.zeros(3, dtype=torch.int64), r"\(N, C, H, W\) or \(N, F\)"),
        (torch.full((3, 2), 255.0), torch.zeros(3, dtype=torch.int64), r"\[255, 255\], expected \[-1, 1\]"),
        (torch.full((3, 2), torch.nan), torch.zeros(3, dtype=torch.int64), "finite"),
    ],
)
def test_a_split_refuses_what_it_does_not_promise(x: torch.Tensor, y: torch.Tensor, words: str):
    with pytest.raises(DataError, match=words):
        Split(x, y)


def test_a_bundle_refuses_splits_of_two_shapes_and_labels_without_a_name():
    with pytest.raises(DataError, match=r"validation samples are \(3,\), expected \(2,\)"):
        DataBundle("mine", _split(), _split(width=3), _split(), ("a", "b"))
    with pytest.raises(DataError, match=r"test labels lie in 2\.\.2, expected 0\.\.1"):
        DataBundle("mine", _split(), _split(), _split(label=2), ("a", "b"))
    bundle = DataBundle("mine", _split(), _split(n=0), _split(), ("a", "b"))
    assert bundle.x_shape == (2,) and bundle.n_classes == 2 and len(bundle.validation) == 0
