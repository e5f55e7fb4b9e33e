"""Every tab of a healthy, of a collapsed and of an untrained run: drawn, quiet, and honest about what the run is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from satipatthana.assets import asset_path
from satipatthana.checkpoint import load_run, save_run
from satipatthana.data import load_dataset
from tests.ui.conftest import WatchedPage, serving, visiting
from tests.ui.hands import SLOW, tab, thinking


@pytest.fixture(scope="module")
def visited(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedPage]:
    """A lab that has the collapsed run on its shelf."""
    folder = tmp_path_factory.mktemp("lab")
    save_collapsed(folder / "runs" / "collapsed")
    with serving(folder) as server, visiting(chromium, server.url) as watched:
        yield watched


def save_collapsed(folder: Path) -> None:
    """The shipped run, deaf to z after the first guess: all its thoughts end in one state."""
    data = load_dataset("digits")
    trainer = load_run(asset_path("checkpoints", "healthy")).trainer(data.train, validation_dataset=data.validation)
    vicara = trainer.system.samatha.vicara
    with torch.no_grad():
        for part in (vicara.inject, vicara.anchor):
            for parameter in part.parameters():
                parameter.zero_()
    trainer.keyframes.clear()  # they are of before
    save_run(folder, trainer)


@pytest.fixture
def page(visited: WatchedPage) -> Iterator[Page]:
    tab(visited.page, "Converge")
    yield thinking(visited.page)
    visited.assert_quiet()
    assert visited.page.locator(".lab-broken").count() == 0


def every_tab(page: Page, *, verdict: str, sight: str, apart: str, trust: str) -> None:
    """Opens all of them; ``verdict`` is the doctor's, the others are said where their names say."""
    tab(page, "Converge")
    expect(page.locator("#converge .sight-reading")).to_contain_text(sight, timeout=SLOW)
    tab(page, "Probes")
    ends = page.locator("#collapse .lab-panel").filter(has_text="Do different inputs end apart?")
    expect(ends).to_contain_text(re.compile(apart), timeout=SLOW)
    expect(page.locator("#probes table, #probes .probes").first).to_be_visible(timeout=SLOW)
    expect(page.locator("#gates svg").first).to_be_visible(timeout=SLOW)
    tab(page, "Decoders")
    expect(page.locator("#decoders img, #decoders canvas").first).to_be_visible(timeout=SLOW)
    tab(page, "Trust")
    expect(page.locator("#trust-table")).to_contain_text(re.compile(trust), timeout=SLOW)
    tab(page, "Train")
    page.get_by_role("button", name="Examine this run").click()
    expect(page.locator("#doctor")).to_contain_text(re.compile(verdict), timeout=SLOW)


def test_a_healthy_run(page: Page) -> None:
    every_tab(page, verdict="Healthy", sight="Early blur is taught", apart=r"two classes\s*0\.", trust="20 paths")


def test_a_collapsed_run(page: Page) -> None:
    tab(page, "Train")
    page.get_by_role("button", name=re.compile("New run")).click()
    page.locator("#open-run input").fill("collapsed")
    page.locator("#open-run input").press("Enter")
    expect(page.locator(".lab-header")).to_contain_text("collapsed", timeout=SLOW)
    every_tab(
        page, verdict="All ends equal", sight="Early blur is taught", apart=r"two classes\s*1\.0", trust="20 paths"
    )


def test_an_untrained_run(page: Page) -> None:
    tab(page, "Train")
    page.get_by_role("button", name=re.compile("New run")).click()
    page.locator("#begin").click()
    expect(page.locator(".lab-header")).to_contain_text("trained for 0 steps", timeout=SLOW)
    every_tab(page, verdict="Untrained", sight="Untrained", apart=r"two classes\s*0\.99", trust="Not trained yet")
