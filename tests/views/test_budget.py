import dataclasses

from lab.views.budget import BudgetInfo, budget_html
from satipatthana.diagnostics.budget import AGAINST, NOISES, OCCLUDED, ONE_PASS, PROBE, STEPS, Budget, Cell
from satipatthana.diagnostics.intervals import Interval


def around(value: float, reach: float = 0.01) -> Interval:
    return Interval(value, value - reach, value + reach)


CONDITIONS = (*NOISES, OCCLUDED)
ROWS = (*(f"T = {t}" for t in STEPS), ONE_PASS, PROBE)
CELL = Cell(around(0.97), around(0.96), around(0.06), around(0.9))
FOUND = Budget(
    "T = 10",
    {row: dict.fromkeys(CONDITIONS, CELL) for row in ROWS},
    {row: dict.fromkeys(CONDITIONS, around(0.02)) for row in AGAINST},
    n=1000,
    n_train=3500,
    seed=0,
)


def drawn(found: Budget, blurred: bool = False) -> str:
    return budget_html(BudgetInfo({"healthy": found}, blurred))


def test_nothing_asked_says_what_is_missing():
    assert "Not compared yet" in budget_html(None) and "<svg" not in budget_html(None)


def test_every_condition_has_its_chart_and_every_row_its_interval():
    page = drawn(FOUND)
    assert page.count("<svg") == 4 and page.count('class="budget-full"') == page.count('class="budget-hollow"') == 32
    assert "T = 5, readout: 0.970, 95 % from 0.960 to 0.980" in page
    assert "n = 1,000 · seed 0 · readouts fitted to 3,500" in page and len(page) < 100_000


def test_gains_are_said_in_words_whatever_they_are():
    gains = {"clean": around(0.02), "noise 0.5": around(-0.02), "noise 0.9": around(0.0, 0.5)}
    page = drawn(dataclasses.replace(FOUND, gain={"T = 0": gains}))
    assert "+2.0 <span>[+1.0, +3.0]</span></b> <em>helps" in page and "[−3.0, −1.0]</span></b> <em>costs" in page
    assert "[−50.0, +50.0]</span></b> <em>cannot tell" in page


def test_what_is_not_there_is_a_dash_or_said():
    bare = Cell(around(0.9), None, None, None)
    page = drawn(dataclasses.replace(FOUND, cells={row: dict.fromkeys(CONDITIONS, bare) for row in ROWS}))
    assert "budget-hollow" not in page and "Mean trust</b> is not trained yet" in page
    mixed = {row: {name: bare if name == OCCLUDED else CELL for name in CONDITIONS} for row in ROWS}
    assert "<td>–</td>" in drawn(dataclasses.replace(FOUND, cells=mixed))


def test_a_head_far_below_is_written_at_the_edge():
    low = {row: dict.fromkeys(CONDITIONS, CELL) for row in ROWS}
    low["T = 0"] = dict.fromkeys(CONDITIONS, dataclasses.replace(CELL, answer=around(0.2)))
    assert "head 0.200" in drawn(dataclasses.replace(FOUND, cells=low))


def test_blurred_targets_are_confessed_where_there_were_any():
    assert "blurred targets" in drawn(FOUND, True) and "blurred targets" not in drawn(FOUND)


def test_a_second_network_stands_beside_the_first():
    page = budget_html(BudgetInfo({"healthy": FOUND, "local": FOUND}, False))
    assert "<h4>healthy</h4>" in page and "<h4>local</h4>" in page and page.count("<svg") == 8


def test_two_networks_stand_one_below_the_other_each_with_its_own_rivals():
    rival = {row: dict.fromkeys(CONDITIONS, CELL) for row in (*ROWS, "T = 15", "a rival")}
    gains = {"a rival": dict.fromkeys(CONDITIONS, around(0.02))}
    other = dataclasses.replace(FOUND, thought="T = 15", cells=rival, gain=gains)
    page = budget_html(BudgetInfo({"healthy": FOUND, "local": other}, False))
    assert "<h4>healthy</h4>" in page and "<h4>local</h4>" in page
    assert "T = 15 steps, in points" in page and "<th>a rival</th>" in page
