"""A running lab and a browser that watches what the page does.

    def test_opens(open_page, lab_server):  # at 1440 x 900
        page = open_page(lab_server.url).page
        expect(page.get_by_role("tab", name="Converge")).to_be_visible()

    def test_small(open_page, lab_server):
        page = open_page(lab_server.url, width=420).page

    def test_newcomer(open_page, lab_server):  # to whom the first steps are offered; nobody else is a newcomer
        page = open_page(lab_server.url, newcomer=True).page

Every page that a test opened must have been quiet at its end: no console error, no uncaught error, no
request to another host. A test that provokes one takes it out of the list (`watched.console_errors.clear()`).
"""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, StorageState, ViewportSize, sync_playwright

from tests.ui.browser import find_chromium

ROOT = Path(__file__).parents[2]
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--no-proxy-server",
    # no name resolves but this machine's: an outside request fails at once, and is in the record
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
DESK: ViewportSize = {"width": 1440, "height": 900}
START_SECONDS = 90
WAIT_MS = 30_000
TOUR, TOURED = "satipatthana-tour", '{"state": "left", "at": 0}'
"""What a browser keeps of the first steps, and its value when they were left at once."""


@dataclass(frozen=True)
class LabServer:
    """A lab in a process of its own, in an empty folder."""

    url: str
    process: subprocess.Popen
    folder: Path

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return (self.folder / "server.log").read_text(errors="replace")


@dataclass
class WatchedPage:
    """A page and what it did that a quiet page does not do."""

    page: Page
    console_errors: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    outside_requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        self.page.on("request", lambda request: self._address(request.url))
        self.page.on("websocket", lambda socket: self._address(socket.url))

    def visit(self, url: str) -> None:
        """Opens an address as a new visitor. What is still on its way when a page is left is nobody's."""
        page = self.page
        page.unroute_all()
        page.goto("about:blank")
        page.context.clear_cookies()
        held = {"origin": "{0.scheme}://{0.netloc}".format(urlsplit(url)), "storageTypes": "local_storage"}
        page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", held)
        for noticed in (self.console_errors, self.page_errors, self.outside_requests):
            noticed.clear()
        page.goto(url)

    def assert_quiet(self) -> None:
        """Fails and lists what was noticed: console errors, uncaught errors, requests to another host."""
        assert not self.page_errors, f"uncaught in the page: {self.page_errors}"
        assert not self.console_errors, f"errors on the console: {self.console_errors}"
        assert not self.outside_requests, f"requests that left this machine: {self.outside_requests}"

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _address(self, url: str) -> None:
        # data: and blob: addresses have no host
        if urlsplit(url).hostname not in (None, "127.0.0.1", "localhost"):
            self.outside_requests.append(url)


OpenPage = Callable[..., WatchedPage]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One headless browser for all of them. Without a Chromium this fails, and says how to get one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def window(chromium: Browser) -> Iterator[WatchedPage]:
    """One window for all visitors who want none of their own: it has the page's scripts compiled already, so that the
    next visit costs less than half of the first."""
    context = chromium.new_context(viewport=DESK)
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(f"try {{ localStorage.setItem({TOUR!r}, {TOURED!r}); }} catch {{ /* about:blank */ }}")
    yield WatchedPage(context.new_page())
    context.close()


@pytest.fixture
def open_page(window: WatchedPage) -> Iterator[OpenPage]:
    """Opens an address as a new visitor: `open_page(url)`, `open_page(url, width=420, **context_options)`. One after
    the other: the next visitor takes the window of the one before, if neither wants another kind of window."""
    browser = window.page.context.browser
    assert browser is not None
    opened: list[WatchedPage] = []

    def open_one(url: str, width: int = DESK["width"], height: int = DESK["height"], **options) -> WatchedPage:
        size: ViewportSize = {"width": width, "height": height}
        if window not in opened and size == DESK and not options:
            opened.append(window)
            window.visit(url)
        else:
            opened.append(_visit(browser, url, size, **options))
        return opened[-1]

    yield open_one
    for watched in opened:
        if watched is not window:
            watched.page.context.close()
    for watched in opened:
        watched.assert_quiet()
    if window in opened:
        window.page.goto("about:blank")


@contextmanager
def visiting(chromium: Browser, url: str) -> Iterator[WatchedPage]:
    """A visitor of the block's own, for fixtures that many tests share."""
    watched = _visit(chromium, url, DESK)
    try:
        yield watched
    finally:
        watched.page.context.close()


def toured(url: str) -> StorageState:
    """What a browser keeps to which the first steps were offered before: it is not asked again."""
    parts = urlsplit(url)
    kept = {"name": TOUR, "value": TOURED}
    return {"origins": [{"origin": f"{parts.scheme}://{parts.netloc}", "localStorage": [kept]}]}


def _visit(chromium: Browser, url: str, size: ViewportSize, newcomer: bool = False, **options) -> WatchedPage:
    if not newcomer:
        options.setdefault("storage_state", toured(url))
    context = chromium.new_context(viewport=size, **options)
    context.set_default_timeout(WAIT_MS)
    watched = WatchedPage(context.new_page())
    watched.page.goto(url)
    return watched


@pytest.fixture(scope="package")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """The lab as `python -m lab` starts it, one for all tests: every page opened is another visitor."""
    with serving(tmp_path_factory.mktemp("lab")) as server:
        yield server


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[LabServer]:
    """A lab with the block's own options."""
    server = _start(folder, *options)
    try:
        yield server
    finally:
        _stop(server)


def _start(folder: Path, *options: str, **environment: str) -> LabServer:
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "lab",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-browser",
        *options,
    ]
    with (folder / "server.log").open("wb") as log:
        server = LabServer(f"http://127.0.0.1:{port}", _spawn(command, folder, environment, log), folder)
    deadline = time.monotonic() + START_SECONDS
    while not _answers(server.url):
        if _ended(server.process, within=0.1):
            raise RuntimeError(f"The lab ended with {server.process.returncode} before it answered:\n{server.log}")
        if time.monotonic() > deadline:
            _stop(server)
            raise RuntimeError(f"The lab did not answer within {START_SECONDS} s:\n{server.log}")
    return server


def _spawn(command: list[str], folder: Path, environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen:
    inherited = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment}
    return subprocess.Popen(
        command, cwd=folder, env=inherited, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
    )


def _stop(server: LabServer) -> None:
    server.process.terminate()
    if not _ended(server.process, within=10):
        server.process.kill()
        server.process.wait()


def _ended(process: subprocess.Popen, within: float) -> bool:
    try:
        process.wait(timeout=within)
    except subprocess.TimeoutExpired:
        return False
    return True


def _answers(url: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False  # not listening yet
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
