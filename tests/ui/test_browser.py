"""Finding a Chromium, with programs that only pretend to be one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui import browser


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No browser on the PATH, none downloaded, none named; what was found is forgotten, before and after."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "cache"))
    monkeypatch.setattr(browser, "APPLICATIONS", ())
    browser.find_chromium.cache_clear()
    yield
    browser.find_chromium.cache_clear()


def program(path: Path, exit_code: int = 0) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    path.chmod(0o755)
    return str(path)


def test_takes_the_first_that_starts(tmp_path: Path):
    program(tmp_path / "bin" / "chromium-browser", exit_code=1)  # a snap's stand-in
    chrome = program(tmp_path / "bin" / "google-chrome")
    assert browser.find_chromium() == chrome


def test_takes_playwrights_own_when_no_other_is_there(tmp_path: Path):
    own = program(tmp_path / "cache" / "chromium-1255" / "chrome-linux64" / "chrome")
    assert browser.find_chromium() == own


def test_a_named_one_is_used_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program(tmp_path / "bin" / "chromium")
    named = program(tmp_path / "mine" / "chrome")
    monkeypatch.setenv("CHROMIUM", named)
    assert browser.find_chromium() == named
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "nowhere"))
    browser.find_chromium.cache_clear()
    with pytest.raises(browser.BrowserMissing, match="nowhere"):
        browser.find_chromium()


def test_without_one_the_error_says_how_to_get_one():
    with pytest.raises(browser.BrowserMissing, match=r"playwright install .*CHROMIUM="):
        browser.find_chromium()


def test_ensure_asks_playwright_then_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = []

    def download() -> bool:
        asked.append("playwright")
        return False

    def apt_get() -> bool:
        asked.append("apt-get")
        return bool(program(tmp_path / "bin" / "chromium"))

    monkeypatch.setattr(browser, "_download", download)
    monkeypatch.setattr(browser, "_apt_get", apt_get)
    assert browser.ensure_chromium() == str(tmp_path / "bin" / "chromium")
    assert asked == ["playwright", "apt-get"]
    assert browser.ensure_chromium() == str(tmp_path / "bin" / "chromium")
    assert asked == ["playwright", "apt-get"]


def test_ensure_fails_when_nothing_helps(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(browser, "_download", lambda: True)
    monkeypatch.setattr(browser, "_apt_get", lambda: False)
    with pytest.raises(browser.BrowserMissing, match="none could be installed"):
        browser.ensure_chromium()
