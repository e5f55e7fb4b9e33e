"""Servers in processes of their own, their memory, and the browser that looks at them."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.ui.browser import find_chromium
from tests.ui.conftest import ARGUMENTS, ROOT

PATIENCE = 120.0
POLL = 0.01
WIDTH, HEIGHT = 1440, 900
ANSWER = '[data-instrument="converge"]:not([data-state="waiting"])'
THOUGHT = '[data-instrument="converge"][data-state="thought"]'


@dataclass(frozen=True)
class Server:
    """A Python process that serves a page."""

    url: str
    process: subprocess.Popen
    folder: Path
    seconds: float
    """From its start to its first HTTP 200."""

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def freeze(self) -> None:
        """Stop it and its children where they stand, so that they take nothing from whoever is measured."""
        for pid in family(self.process.pid):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in family(self.process.pid):
            os.kill(pid, signal.SIGCONT)


@contextmanager
def serving(*command: str) -> Iterator[Server]:
    """``python -m COMMAND --port N`` in an empty folder, from its first answer to the end of the block."""
    port = _free_port()
    with (
        tempfile.TemporaryDirectory(prefix="lab-bench-") as name,
        process(*command, "--port", str(port), folder=name) as it,
    ):
        began = it.began
        url, folder = f"http://127.0.0.1:{port}", Path(name)
        while not _answers(port):
            if it.popen.poll() is not None or time.monotonic() - began > PATIENCE:
                said = (folder / "server.log").read_text(errors="replace")
                raise RuntimeError(f"python -m {' '.join(command)} does not answer:\n{said}")
            time.sleep(POLL)
        server = Server(url, it.popen, folder, time.monotonic() - began)
        try:
            yield server
        except Exception as error:
            error.add_note(f"The server said:\n{server.log[-2000:]}")
            raise


@dataclass(frozen=True)
class Started:
    popen: subprocess.Popen
    began: float


@contextmanager
def process(*command: str, folder: str) -> Iterator[Started]:
    """``python -m COMMAND`` in ``folder``, its words in server.log; ended with the block."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with (Path(folder) / "server.log").open("wb") as log:
        began = time.monotonic()
        popen = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield Started(popen, began)
    finally:
        if popen.poll() is None:
            popen.send_signal(signal.SIGCONT)
            popen.terminate()
        try:
            popen.wait(timeout=15)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium, as the browser tests have it."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@contextmanager
def visiting(chromium: Browser, url: str) -> Iterator[Page]:
    """A new visitor's page; going there is already part of what is measured."""
    context = chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(url, wait_until="commit")
    try:
        yield page
    except PlaywrightError as error:
        seen = page.locator("body").inner_text()
        error.add_note(f"The page showed:\n{seen[:1000]}\nIts console:\n" + "\n".join(said)[:2000])
        raise
    finally:
        context.close()


def open_tab(page: Page, name: str) -> None:
    """Show a tab of the lab, if another one is shown."""
    tab = page.get_by_role("tab", name=name)
    tab.wait_for()
    if tab.get_attribute("aria-selected") != "true":
        tab.click()


def first_thought(page: Page) -> None:
    """Until a thought can be seen."""
    open_tab(page, "Converge")
    page.locator(THOUGHT).wait_for(state="visible")


def answered(page: Page) -> None:
    """Until Converge shows a thought, or says why there is none: the page has its visitor's run."""
    page.locator(ANSWER).wait_for(state="visible")


# --- processes -----------------------------------------------------------------------------------------------------


def family(pid: int) -> list[int]:
    """A process and all its descendants, parents first."""
    children: dict[int, list[int]] = {}
    for child, parent, _ in _processes():
        children.setdefault(parent, []).append(child)
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def memory(pid: int) -> dict[int, float]:
    """Resident memory in GB of a process and of its descendants."""
    resident = {member: kilobytes for member, _, kilobytes in _processes()}
    return {member: resident[member] * 1024 / 1e9 for member in family(pid) if member in resident}


def _processes() -> list[tuple[int, int, int]]:
    """(pid, parent, resident kB) of everything that runs."""
    if Path("/proc/self/statm").exists():
        kilobytes = os.sysconf("SC_PAGE_SIZE") // 1024
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it ended meanwhile
                # the name of the command stands in brackets and may hold anything
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                pages = (folder / "statm").read_text().split()[1]
                found.append((int(folder.name), int(parent), int(pages) * kilobytes))
        return found
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [(int(pid), int(parent), int(resident)) for pid, parent, resident in rows]


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
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
