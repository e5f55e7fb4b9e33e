"""Downloading archives: mirrors, checksums, progress in bytes, and nothing half-written left behind."""

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from .bundle import Progress

TIMEOUT_S = 10.0  # for connecting and for every read: a stalled mirror must not hang the page
CHUNK = 1 << 17


class DownloadError(Exception):
    """No mirror gave a file; the message says what each answered."""


@dataclass(frozen=True)
class Archive:
    """A file to have: where it may come from, where it goes, its md5 in hex."""

    urls: tuple[str, ...]
    path: Path
    md5: str

    def is_complete(self) -> bool:
        if not self.path.is_file():
            return False
        digest = _md5()
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest() == self.md5


def fetch(archives: list[Archive], progress: Progress) -> None:
    """Downloads every archive, telling `progress` (share of all bytes, text).

    An exception that `progress` raises ends the download. Raises DownloadError if all mirrors of a file fail
    or the disk refuses it.
    """
    progress(0.0, "connecting")
    sizes = [_size(archive) for archive in archives]
    weights = [size or 0 for size in sizes] if all(sizes) else [1] * len(archives)
    start = 0.0
    for number, (archive, weight) in enumerate(zip(archives, weights, strict=True), start=1):
        title = f"downloading {archive.path.name} ({number}/{len(archives)})"
        share = weight / sum(weights)
        _fetch_one(archive, partial(_tell, progress, title, start, share))
        start += share


def _tell(progress: Progress, title: str, start: float, share: float, done: int, size: int | None) -> None:
    of = f" of {size / 1e6:.1f}" if size else ""
    part = min(done / size, 1.0) if size else 0.0
    progress(min(start + share * part, 1.0), f"{title}, {done / 1e6:.1f}{of} MB")


def _fetch_one(archive: Archive, tell: Callable[[int, int | None], None]) -> None:
    errors = []
    for url in archive.urls:
        try:
            with _open(url) as response, _partial(archive.path) as (file, done):
                digest, received = _md5(), 0
                size = response.length
                while chunk := response.read(CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
                    received += len(chunk)
                    tell(received, size)
                if digest.hexdigest() == archive.md5:
                    done()
                    return
                errors.append(f"{url}: {received:,} bytes, md5 {digest.hexdigest()}, expected {archive.md5}")
        except (OSError, http.client.HTTPException) as error:  # a time-out and a full disk too
            errors.append(f"{url}: {error or type(error).__name__}")
    raise DownloadError("; ".join(errors))


def _size(archive: Archive) -> int | None:
    """Bytes of the archive, None if its mirrors do not say; raises DownloadError if none can be reached."""
    errors = []
    for url in archive.urls:
        try:
            with _open(url, method="HEAD") as response:
                return int(response.headers.get("Content-Length", 0)) or None
        except urllib.error.HTTPError as error:  # reached, but it does not answer HEAD
            error.close()
            return None
        except (OSError, http.client.HTTPException) as error:
            errors.append(f"{url}: {error or type(error).__name__}")
    raise DownloadError("; ".join(errors))


def _open(url: str, method: str = "GET") -> http.client.HTTPResponse:
    request = urllib.request.Request(url, method=method, headers={"User-Agent": "satipatthana"})
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)


@contextmanager
def _partial(path: Path) -> Iterator[tuple[IO[bytes], Callable[[], None]]]:
    """A temporary file beside `path`, and the call that moves it there; without that call it is removed.

    Its name is unique, so that two runs downloading the same set do not write into one file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:

            def done() -> None:
                file.close()
                os.replace(name, path)

            yield file, done
    finally:
        Path(name).unlink(missing_ok=True)


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)  # the sets publish md5; False lets FIPS machines compute it
