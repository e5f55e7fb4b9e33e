"""Find a Chromium for the browser tests, or get one.

python tests/ui/browser.py             print the path of the one that the tests will use
python tests/ui/browser.py --ensure    get one first if there is none
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "google-chrome-unstable",
    "chrome",
    "microsoft-edge",
)
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# where Playwright unpacks its own, below its cache
DOWNLOADED = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
)
REMEDY = (
    "Install one (Debian: apt-get install chromium; elsewhere: python -m playwright install --with-deps "
    "chromium) or name one that you have: CHROMIUM=/path/to/chrome make test."
)


class BrowserMissing(RuntimeError):
    """No Chromium that starts; the message says how to get one."""


@lru_cache
def find_chromium() -> str:
    """The path of a Chromium that starts: $CHROMIUM, one on the PATH, or Playwright's own download.

    Raises BrowserMissing if there is none, and if $CHROMIUM names something that does not start.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        path = shutil.which(named)
        if path is None or not _starts(path):
            raise BrowserMissing(
                f"CHROMIUM={named} does not start as a browser. Name a Chromium or Chrome, or unset CHROMIUM."
            )
        return path
    for path in _candidates():
        if _starts(path):
            return path
    raise BrowserMissing(f"The browser tests need a Chromium and none was found. {REMEDY}")


def ensure_chromium() -> str:
    """As `find_chromium`, but gets one if there is none: Playwright's, else (root on Debian) by apt-get."""
    try:
        return find_chromium()
    except BrowserMissing:
        if os.environ.get("CHROMIUM"):
            raise
    for get in (_download, _apt_get):
        # what was got may still not start: a download without its system libraries
        with suppress(BrowserMissing):
            if get():
                return find_chromium()
    raise BrowserMissing(f"The browser tests need a Chromium, and none could be installed. {REMEDY}")


def _candidates() -> Iterator[str]:
    for name in NAMES:
        if path := shutil.which(name):
            yield path
    yield from (path for path in APPLICATIONS if os.access(path, os.X_OK))
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or _playwright_cache())
    for pattern in DOWNLOADED:
        yield from (str(path) for path in sorted(cache.glob(pattern), reverse=True) if os.access(path, os.X_OK))


def _playwright_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"


def _starts(path: str) -> bool:
    """Whether it runs at all: a snap's stand-in or a download without its system libraries does not."""
    return _run([path, "--version"], seconds=30, quiet=True)


def _download() -> bool:
    print("No Chromium here: asking Playwright for its own ...", file=sys.stderr, flush=True)
    return _run([sys.executable, "-m", "playwright", "install", "chromium"], seconds=240)


def _apt_get() -> bool:
    debian_root = Path("/etc/debian_version").exists() and shutil.which("apt-get") and os.geteuid() == 0
    if not debian_root:
        return False
    print("No Chromium from Playwright: installing Debian's ...", file=sys.stderr, flush=True)
    return _run(["apt-get", "-q", "update"], seconds=300) and _run(
        ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "chromium", "fonts-liberation"],
        seconds=900,
    )


def _run(command: list[str], seconds: int, quiet: bool = False) -> bool:
    """Whether the command ended well and in time. What it prints goes to stderr: stdout is for the path."""
    out = subprocess.DEVNULL if quiet else sys.stderr
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, timeout=seconds
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        if not quiet:
            print(f"{' '.join(command)}: {error}", file=sys.stderr)
        return False
    return ended.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Find a Chromium for the browser tests.")
    parser.add_argument("--ensure", action="store_true", help="get one if there is none")
    options = parser.parse_args()
    try:
        print(ensure_chromium() if options.ensure else find_chromium())
    except BrowserMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
