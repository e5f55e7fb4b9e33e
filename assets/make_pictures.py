"""Pictures of the running lab for the README: `python assets/make_pictures.py`, from the project's root.

Needs the test extras (Playwright) and a Chromium. Writes assets/screenshots/*.png.
"""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.ui.browser import find_chromium  # noqa: E402
from tests.ui.conftest import toured  # noqa: E402

OUT = ROOT / "assets" / "screenshots"
WAIT_MS = 120_000
START_S = 120


def main() -> None:
    """Starts a lab, takes the pictures, ends it."""
    OUT.mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "lab", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
            )
            for theme in ("light", "dark"):
                _converge(browser, f"{url}/?__theme={theme}", theme)
            _small(browser, url)
            _other_tabs(browser, url)
            browser.close()
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(url)
            return
        except urllib.error.URLError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _open(browser: Browser, url: str, width: int, height: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height}, storage_state=toured(url))
    page.set_default_timeout(WAIT_MS)
    page.goto(url)
    page.wait_for_selector('#converge [data-state="thought"]')
    return page


def _settled(page: Page) -> None:
    """Until replay and map are there, at step 4, where there is still something to see."""
    page.wait_for_selector("#converge [data-frames]:not([data-frames='1'])", state="attached")
    page.wait_for_selector('#converge [data-umap="ready"]', state="attached")
    page.evaluate("document.activeElement.blur()")  # arrow keys would turn a radio that has the focus
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector('#converge [data-step="4"]', state="attached")


def _converge(browser: Browser, url: str, theme: str) -> None:
    page = _open(browser, url, 1440, 900)
    before = page.locator("#converge [data-thought]").first.get_attribute("data-thought")
    page.get_by_role("radio", name="both").check()
    page.wait_for_selector(f"#converge [data-thought]:not([data-thought='{before}'])", state="attached")
    _settled(page)
    page.screenshot(path=OUT / f"converge-{theme}.png")
    page.close()


def _small(browser: Browser, url: str) -> None:
    page = _open(browser, url, 420, 900)
    _settled(page)
    page.screenshot(path=OUT / "converge-small.png")
    page.close()


def _other_tabs(browser: Browser, url: str) -> None:
    page = _open(browser, url, 1440, 1100)
    shown = {
        "Train": "#strip img",
        "Probes": "#probes img",
        "Decoders": "#decoders img",
        "Failures": ".failure-card svg",
    }
    for name, ready in shown.items():
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_selector(ready)
        page.wait_for_timeout(1000)
        page.screenshot(path=OUT / f"{name.lower()}-light.png")
    page.close()


if __name__ == "__main__":
    main()
