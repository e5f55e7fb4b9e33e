"""torchvision's sets, read by the real torchvision code from small files in the sets' own formats."""

import functools
import gzip
import hashlib
import http.server
import importlib
import io
import pickle
import socket
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchvision import datasets as tv

from satipatthana.data import DataError, download, load_dataset, torchvision_sets

N_TRAIN, N_TEST = 40, 10
MNIST_LIKE = {"mnist": tv.MNIST, "fashion-mnist": tv.FashionMNIST, "kmnist": tv.KMNIST}


@pytest.fixture
def pixels() -> np.random.Generator:
    return np.random.default_rng(0)


def _idx(array: np.ndarray) -> bytes:
    """An array of bytes in the format of MNIST's files: magic, sizes big-endian, data."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.astype(np.uint8).tobytes()


def _mnist_files(rng: np.random.Generator) -> dict[str, bytes]:
    """The four archives; the first pixel of a training image is its number: a split can be followed."""
    files = {}
    for prefix, n in (("train", N_TRAIN), ("t10k", N_TEST)):
        images = rng.integers(0, 256, (n, 28, 28))
        images[:, 0, 0] = np.arange(n)
        files[f"{prefix}-images-idx3-ubyte.gz"] = gzip.compress(_idx(images))
        files[f"{prefix}-labels-idx1-ubyte.gz"] = gzip.compress(_idx(np.arange(n) % 10))
    return files


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _expect(monkeypatch: pytest.MonkeyPatch, reader: Any, files: dict[str, bytes], *mirrors: str) -> None:
    """Makes torchvision's class expect these archives, and look for them at these mirrors only."""
    monkeypatch.setattr(reader, "resources", [(name, _md5(content)) for name, content in files.items()])
    monkeypatch.setattr(reader, "mirrors", list(mirrors))


def _cifar_files(rng: np.random.Generator) -> dict[str, bytes]:
    files = {}
    names = [name for name, _ in tv.CIFAR10.train_list + tv.CIFAR10.test_list]
    for name in names:
        batch = {"data": rng.integers(0, 256, (10, 3072), dtype=np.uint8), "labels": list(range(10))}
        files[name] = pickle.dumps(batch)
    files[tv.CIFAR10.meta["filename"]] = pickle.dumps({"label_names": [f"thing {i}" for i in range(10)]})
    return files


def _expect_cifar(monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], archive: bytes, url: str) -> None:
    for which in ("train_list", "test_list"):
        names = [name for name, _ in getattr(tv.CIFAR10, which)]
        monkeypatch.setattr(tv.CIFAR10, which, [[name, _md5(files[name])] for name in names])
    meta = tv.CIFAR10.meta
    monkeypatch.setattr(tv.CIFAR10, "meta", {**meta, "md5": _md5(files[meta["filename"]])})
    monkeypatch.setattr(tv.CIFAR10, "tgz_md5", _md5(archive))
    monkeypatch.setattr(tv.CIFAR10, "url", url)


@pytest.fixture
def nowhere() -> str:
    """An address at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Headless(_Quiet):
    def do_HEAD(self) -> None:
        self.send_error(405)


@pytest.fixture
def served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which a web server on this machine serves it."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "mirror"
    folder.mkdir()
    handler = functools.partial(getattr(request, "param", _Quiet), directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


# --- files that lie there already ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", MNIST_LIKE)
def test_archives_on_disk_are_read_without_a_network(
    name: str, tmp_path: Path, pixels: np.random.Generator, monkeypatch: pytest.MonkeyPatch, nowhere: str
):
    reader = MNIST_LIKE[name]
    files = _mnist_files(pixels)
    _expect(monkeypatch, reader, files, nowhere)
    _write(tmp_path / reader.__name__ / "raw", files)
    bundle = load_dataset(name, data_dir=tmp_path, download=False)
    assert bundle.name == name and bundle.x_shape == (1, 28, 28) and bundle.n_classes == 10
    assert [len(split) for split in (bundle.train, bundle.validation, bundle.test)] == [36, 4, 10]
    raw = np.frombuffer(gzip.decompress(files["t10k-images-idx3-ubyte.gz"])[16:], np.uint8).reshape(10, 1, 28, 28)
    assert torch.allclose(bundle.test.x, torch.from_numpy(raw / 127.5 - 1).float(), atol=1e-6)
    assert bundle.test.y.tolist() == list(range(10))


def test_unpacked_files_are_enough_and_a_name_of_a_class_is_torchvisions(tmp_path: Path, pixels: np.random.Generator):
    files = {name[:-3]: gzip.decompress(content) for name, content in _mnist_files(pixels).items()}
    for name, reader in MNIST_LIKE.items():
        _write(tmp_path / reader.__name__ / "raw", files)
        bundle = load_dataset(name, data_dir=str(tmp_path), download=False)
        if name != "mnist":  # torchvision calls a digit "0 - zero"
            assert list(bundle.class_names) == list(reader.classes)
    assert load_dataset("mnist", data_dir=tmp_path, download=False).class_names == tuple("0123456789")


def test_validation_is_a_constant_tenth_of_train(tmp_path: Path, pixels: np.random.Generator):
    files = {name[:-3]: gzip.decompress(content) for name, content in _mnist_files(pixels).items()}
    _write(tmp_path / "MNIST" / "raw", files)
    first, again = (load_dataset("mnist", data_dir=tmp_path, download=False) for _ in range(2))
    numbers = [((split.x[:, 0, 0, 0] + 1) * 127.5).round().long() for split in (first.train, first.validation)]
    order = torch.cat(numbers)
    assert sorted(order.tolist()) == list(range(N_TRAIN))
    assert order.tolist() == np.random.RandomState(20_108).permutation(N_TRAIN).tolist()
    assert torch.equal(first.train.y, numbers[0] % 10)  # labels went with their images
    assert torch.equal(first.train.x, again.train.x) and torch.equal(first.validation.x, again.validation.x)


def test_cifar_batches_keep_their_channels(
    tmp_path: Path, pixels: np.random.Generator, monkeypatch: pytest.MonkeyPatch, nowhere: str
):
    files = _cifar_files(pixels)
    _expect_cifar(monkeypatch, files, b"", nowhere)
    _write(tmp_path / tv.CIFAR10.base_folder, files)
    bundle = load_dataset("cifar10", data_dir=tmp_path, download=False)
    assert bundle.x_shape == (3, 32, 32) and bundle.n_classes == 10 and bundle.class_names[2] == "bird"
    assert [len(split) for split in (bundle.train, bundle.validation, bundle.test)] == [45, 5, 10]
    data = pickle.loads(files["test_batch"])["data"].reshape(10, 3, 32, 32)
    assert torch.allclose(bundle.test.x, torch.from_numpy(data / 127.5 - 1).float(), atol=1e-6)


def test_damaged_files_are_named_with_the_remedy(
    tmp_path: Path, pixels: np.random.Generator, monkeypatch: pytest.MonkeyPatch, nowhere: str
):
    raw = tmp_path / "MNIST" / "raw"
    files = {name[:-3]: gzip.decompress(content) for name, content in _mnist_files(pixels).items()}
    _write(raw, files)
    for content in (b"", files["train-images-idx3-ubyte"][:5000]):
        (raw / "train-images-idx3-ubyte").write_bytes(content)
        with pytest.raises(DataError, match=r"delete that set's folder there and load it again.*'digits'"):
            load_dataset("mnist", data_dir=tmp_path)
    batches = _cifar_files(pixels)
    _expect_cifar(monkeypatch, batches, b"", nowhere)
    _write(tmp_path / tv.CIFAR10.base_folder, {**batches, "data_batch_3": batches["data_batch_3"][:-1]})
    with pytest.raises(DataError, match=r"not found or corrupted.*delete that set's folder"):
        load_dataset("cifar10", data_dir=tmp_path)


# --- downloads ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("served", [_Quiet, _Headless], indirect=True, ids=["sizes told", "sizes not told"])
def test_a_download_tells_its_progress_and_passes_over_a_bad_mirror(
    served: tuple[Path, str],
    nowhere: str,
    tmp_path: Path,
    pixels: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
):
    mirror, url = served
    files = _mnist_files(pixels)
    _write(mirror / "good", files)
    _write(mirror / "stale", {name: b"an old file" for name in files})
    _expect(monkeypatch, tv.MNIST, files, nowhere, url + "stale/", url + "good/")
    monkeypatch.setattr(download, "CHUNK", 4096)
    seen: list[tuple[float, str]] = []
    root = tmp_path / "data"
    bundle = load_dataset("mnist", data_dir=root, progress=lambda share, text: seen.append((share, text)))
    assert len(bundle.train) == 36
    good = [share for share, text in seen if "downloading" in text]
    assert len(good) > 10 and min(good) > 0 and max(good) == pytest.approx(1.0)
    assert all(0 <= share <= 1 for share, _ in seen)
    assert any("train-images-idx3-ubyte.gz (1/4)" in text and text.endswith("MB") for _, text in seen)
    assert not list(root.rglob("*.part"))
    again: list[str] = []
    load_dataset("mnist", data_dir=root, download=False, progress=lambda _, text: again.append(text))
    assert not any("downloading" in text for text in again)


def test_cifar_is_downloaded_and_unpacked(
    served: tuple[Path, str], tmp_path: Path, pixels: np.random.Generator, monkeypatch: pytest.MonkeyPatch
):
    mirror, url = served
    files = _cifar_files(pixels)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{tv.CIFAR10.base_folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    _write(mirror, {tv.CIFAR10.filename: buffer.getvalue()})
    _expect_cifar(monkeypatch, files, buffer.getvalue(), url + tv.CIFAR10.filename)
    bundle = load_dataset("cifar10", data_dir=tmp_path / "data")
    assert len(bundle.test) == 10


def test_whoever_watches_can_end_a_download(
    served: tuple[Path, str], tmp_path: Path, pixels: np.random.Generator, monkeypatch: pytest.MonkeyPatch
):
    mirror, url = served
    files = _mnist_files(pixels)
    _write(mirror, files)
    _expect(monkeypatch, tv.MNIST, files, url)

    def stop(share: float, text: str) -> None:
        if "downloading" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_dataset("mnist", data_dir=tmp_path / "data", progress=stop)
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_offline_says_so_and_names_the_embedded_set(tmp_path: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(tv.KMNIST, "mirrors", [nowhere])
    with pytest.raises(DataError) as error:
        load_dataset("kmnist", data_dir=tmp_path)
    text = str(error.value)
    assert "'kmnist' failed" in text and "offline" in text and "refused" in text
    assert "'digits'" in text and "--data-dir" in text and str(tmp_path) in text
    assert "\n" not in text


def test_a_download_that_is_not_wanted_is_not_tried(tmp_path: Path):
    with pytest.raises(DataError, match=r"downloading is switched off.*--data-dir.*'digits'"):
        load_dataset("fashion-mnist", data_dir=tmp_path, download=False)


def test_the_default_folder_is_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert torchvision_sets.default_data_dir() == tmp_path / "satipatthana" / "data"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert torchvision_sets.default_data_dir() == tmp_path / "home" / ".cache" / "satipatthana" / "data"


# --- a torchvision that does not work -----------------------------------------------------------------------


def test_a_missing_torchvision_stops_its_sets_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(DataError, match=r"needs torchvision, and importing it failed.*'digits'"):
        load_dataset("mnist")
    assert len(load_dataset("digits").train) == 3500


def test_a_torchvision_that_does_not_fit_torch_says_why(monkeypatch: pytest.MonkeyPatch):
    def broken(name: str) -> None:
        raise RuntimeError("operator torchvision::nms\ndoes not exist")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(DataError, match=r"operator torchvision::nms does not exist.*belongs to torch"):
        load_dataset("cifar10")
