"""The lab as a person trains in it: a real browser against `python -m lab`."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import LabServer, OpenPage, WatchedPage, serving
from tests.ui.hands import SLOW, next_thought, tab, thinking, thought_id

POINTS = """least => {
    const plot = document.querySelector('#curves .js-plotly-plot');
    return plot && plot.data.reduce((sum, trace) => sum + (trace.x || []).length, 0) >= least;
}"""


@pytest.fixture(scope="module")
def moons_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A lab that begins an untrained network for points in a plane, which learns fast."""
    with serving(tmp_path_factory.mktemp("moons"), "--data", "moons", "--threads", "1") as server:
        yield server


@pytest.fixture
def trainer(moons_server: LabServer, open_page: OpenPage) -> Page:
    """An untrained network of one's own, opened on Train."""
    page = thinking(open_page(moons_server.url).page)
    tab(page, "Train")
    return page


def test_a_stage_trains_and_its_curve_grows(trainer: Page) -> None:
    trainer.locator("#more-0").click()
    trainer.wait_for_function(POINTS, arg=50, timeout=SLOW)
    expect(trainer.locator("#card-0")).to_contain_text("50 of", timeout=SLOW)
    expect(trainer.locator(".lab-header")).to_contain_text("idle", timeout=SLOW)
    trainer.locator("#more-0").click()
    expect(trainer.locator("#card-0")).to_contain_text("100 of", timeout=SLOW)
    trainer.wait_for_function(POINTS, arg=150, timeout=SLOW)


def test_pause_reload_resume_and_stop(trainer: Page, window: WatchedPage) -> None:
    # a stage of digits takes long enough to be reloaded in
    trainer.get_by_role("button", name="New run").click()
    trainer.locator("#begin").click()
    expect(trainer.locator(".lab-header")).to_contain_text("digits", timeout=SLOW)
    expect(trainer.locator("#begin")).not_to_be_visible(timeout=SLOW)
    trainer.locator("#train-1").click()
    header = trainer.locator(".lab-job")
    expect(header).to_contain_text("training stage 1", timeout=SLOW)
    trainer.reload()
    thinking(trainer)
    window.console_errors.clear()  # Gradio complains of the streams that a reload cuts off
    expect(header).to_contain_text("stage 1", timeout=SLOW)
    trainer.get_by_role("button", name="Pause", exact=True).click()
    expect(header).to_contain_text("paused", timeout=SLOW)
    stood = header.inner_text()
    trainer.get_by_role("button", name="Resume", exact=True).click()
    expect(header).to_contain_text("training stage 1", timeout=SLOW)
    expect(header).not_to_have_text(stood, timeout=SLOW)
    trainer.get_by_role("button", name="Stop", exact=True).click()
    expect(header).to_contain_text("idle", timeout=SLOW)
    tab(trainer, "Train")
    # not the whole card: it also says that stage 0 is untrained
    expect(trainer.locator("#card-1 .card-state")).not_to_have_text("untrained", timeout=SLOW)


def test_a_thought_can_be_looked_at_while_the_network_learns(trainer: Page) -> None:
    trainer.locator("#train-1").click()
    expect(trainer.locator(".lab-job")).to_contain_text("training stage 1", timeout=SLOW)
    before = thought_id(trainer)
    tab(trainer, "Converge")
    next_thought(trainer, before)
    thinking(trainer)


def test_fields_say_what_holds_and_nothing_jumps(trainer: Page, moons_server: LabServer) -> None:
    tops = "['#tabs', '.stage-row', '.train-lower'].map((s) => document.querySelector(s).getBoundingClientRect().top)"
    expect(trainer.locator("#network h3")).to_contain_text("What does stage 0 train?")
    for stage in range(4):
        expect(trainer.locator(f"#card-{stage} .card-state")).to_have_text("untrained")
    idle = trainer.evaluate(tops)
    trainer.locator("#train-1").click()
    expect(trainer.locator(".lab-job")).to_contain_text("training stage 1", timeout=SLOW)
    expect(trainer.locator("#network h3")).to_contain_text("What learns now?")
    expect(trainer.locator("#train-2")).to_be_disabled()
    assert trainer.evaluate(tops) == idle
    trainer.locator("#stop").click()
    expect(trainer.locator("#network h3")).to_contain_text("What does stage 1 train?", timeout=SLOW)
    expect(trainer.locator("#card-1 .card-state")).to_have_text("begun")

    trainer.get_by_role("button", name="Dials").click()
    balance = trainer.get_by_label("balance (0.3)")
    expect(balance).to_have_value("0.3")
    balance.fill("5000")
    balance.press("Enter")
    expect(trainer.get_by_text("balance is 5000; expected")).to_be_visible(timeout=SLOW)
    expect(balance).to_have_value("0.3")
    assert "Traceback" not in moons_server.log

    trainer.locator("#reset").click()
    expect(trainer.locator("#reset")).to_have_text("Really reset?")
    trainer.locator("#reset-seed input").fill("5")
    trainer.locator("#reset").click()
    expect(trainer.locator(".lab-run")).to_contain_text("seed 5 · trained for 0 steps", timeout=SLOW)


def test_a_wrong_setting_is_refused_and_nothing_is_lost(trainer: Page) -> None:
    trainer.get_by_role("button", name="New run").click()
    dim = trainer.get_by_label("D, latent width")
    expect(dim).to_have_value("64")  # the drawer has opened, and nothing overwrites what is typed now
    dim.fill("1")
    dim.press("Tab")
    expect(dim).to_have_value("1")
    trainer.locator("#begin").click()
    expect(trainer.get_by_text(re.compile("D is 1; expected"))).to_be_visible(timeout=SLOW)
    expect(trainer.locator(".lab-header")).to_contain_text("moons")
    dim.fill("8")
    trainer.locator("#begin").click()
    expect(trainer.get_by_text(re.compile("digits, seed 0, .* parameters"))).to_be_visible(timeout=SLOW)
    expect(trainer.locator(".lab-header")).to_contain_text("digits", timeout=SLOW)
    expect(trainer.locator("#begin")).not_to_be_visible(timeout=SLOW)  # what is to be seen next lies below


def test_a_preset_brings_its_network(trainer: Page) -> None:
    trainer.get_by_role("button", name="New run").click()
    trainer.get_by_label("Preset").click()
    trainer.get_by_role("option", name="local").click()
    dim = trainer.get_by_label("D, latent width")
    expect(dim).to_have_value("2048")
    expect(dim).to_be_disabled()
    expect(trainer.get_by_text("so that thinking pays")).to_be_visible()
    trainer.locator("#begin").click()
    expect(trainer.get_by_text(re.compile("digits, seed 0, .* parameters"))).to_be_visible(timeout=SLOW)
    expect(trainer.locator(".lab-header")).to_contain_text("digits", timeout=SLOW)
    trainer.locator("#more-0").click()
    expect(trainer.locator("#card-0")).to_contain_text("50 of 60", timeout=SLOW)
