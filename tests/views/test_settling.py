import dataclasses

import numpy as np
import pytest

from lab.views.decay import decay_html
from lab.views.ends import ends_html, reading
from lab.views.settling import SettlingInfo, settling_html
from satipatthana.diagnostics.attractors import Attractors
from satipatthana.diagnostics.settling import Band, Chosen, Crowd, Settling
from satipatthana.diagnostics.verdicts import KINDS, Kind, Verdict

N, STEPS = 40, 200
SIZES = 2 * 0.5 ** np.arange(STEPS + 4)
VERDICT = Verdict("step limit", "fixed point", 0, 4, 0.125, 0.5, (1, 4), 7, 4, SIZES, SIZES / 3, np.full(51, np.nan))
TURN = np.exp(1j * np.linspace(0, 3, 16))


def ends_of(owner: list[int]) -> Attractors:
    each = np.array(owner)
    table = np.zeros((each.max() + 1, 2), dtype=np.int64)
    np.add.at(table, (each, np.arange(len(each)) % 2), 1)
    purity = float(table.max(axis=1).sum() / len(each))
    return Attractors(each, table, purity, min(1.0, purity), 2.0, 2.0)


def band(scale: float = 1.0) -> Band:
    middle = scale * 0.5 ** np.arange(STEPS)
    return Band(middle / 2, middle, middle * 2)


def crowd(measured: float = 0.5) -> Crowd:
    kinds: dict[Kind, int] = {kind: N if kind == "fixed point" else 0 for kind in KINDS}
    rates = np.linspace(0.5, 0.6, N)
    return Crowd(N, kinds, band(), band(0.1), rates, rates * measured * 2, ends_of(list(range(N))), ends_of([0] * N))


def one(**changes: object) -> Chosen:
    verdict = dataclasses.replace(VERDICT, **changes)  # type: ignore[arg-type]
    return Chosen(verdict, 0.5 * TURN, 0.6, 0.5, 0.51, (20, 38))


def info(found: Settling) -> SettlingInfo:
    return SettlingInfo(found, "Test input 7, noise σ 0.5", 3, ("0", "1"), injected=True)


def test_nothing_asked_says_what_is_missing():
    drawn = settling_html(None)
    assert "No thought has been judged yet" in drawn and "<svg" not in drawn


def test_the_thought_comes_first_and_the_crowd_later():
    early = settling_html(info(Settling({"sober": one()}, 4)))
    assert "stopped by the step limit: last step 12 % of the first" in early and "still running on" in early
    whole = settling_html(info(Settling({"sober": one()}, 4, crowd())), "<p>state</p>")
    assert "still running on" not in whole and "<p>state</p>" in whole
    assert "n = 40 · seed 3" in whole and "Test input 7" in whole
    assert len(whole) < 150_000


def test_two_minds_are_drawn_in_their_colours_with_gaps_where_steps_were_skipped():
    sizes = SIZES.copy()
    sizes[2] = np.nan
    drunk = one(kind="skipped step", step_size=sizes)
    drawn = settling_html(info(Settling({"sober": one(), "drunk": drunk}, 4, crowd())))
    assert 'stroke="var(--sober)"' in drawn and 'stroke="var(--drunk)"' in drawn
    assert "stopped on a skipped step" in drawn


def test_a_cycle_shows_its_lag_correlation_and_its_period():
    lags = np.cos(2 * np.pi * np.arange(51) / 5)
    cycle = one(kind="cycle", end="cycle", period=5, rest_at=None, lag_correlation=lags, step_size=np.ones(204))
    drawn = settling_html(info(Settling({"sober": cycle}, 4)))
    assert "period 5" in drawn and "cycle of 5 steps" in drawn


def test_a_thought_that_never_moved_can_be_drawn():
    still = one(step_size=np.zeros(204), relative=np.zeros(204), last_ratio=np.nan, rate=np.nan, fitted=(0, 0))
    drawn = settling_html(info(Settling({"sober": still}, 4)))
    assert "Nothing moved at all" in drawn and "nan" not in drawn


def test_decay_names_the_range_of_every_fit():
    drawn = decay_html(Settling({"sober": one()}, 4, crowd()), "")
    assert "steps 1 to 4" in drawn and "steps 20 to 38" in drawn and "Median predicted 0.550, measured 0.550" in drawn
    unknown = dataclasses.replace(one(), measured=np.nan, measured_on=(0, 0))
    nobody = dataclasses.replace(crowd(), measured=np.full(N, np.nan))
    drawn = decay_html(Settling({"sober": unknown}, 4, nobody), "")
    assert "never that near its end" in drawn and "could be measured" in drawn and "nan" not in drawn


@pytest.mark.parametrize(
    ("owner", "said"),
    [
        ([0] * 40, "Forgetting: all"),
        (list(range(40)), "Remembering: each"),
        ([0, 0, *range(1, 39)], "Remembering, mostly"),
        ([0, 1] * 20, "Sorting: 2 ends"),
        ([0] * 20 + [1] * 20, "Forgetting, mostly"),
    ],
)
def test_what_a_number_of_ends_says(owner: list[int], said: str):
    found = dataclasses.replace(ends_of(owner), purity_by_chance=0.55)
    assert reading(found).startswith(said)


def test_both_readings_stand_side_by_side():
    drawn = ends_html(crowd(), ("0", "1"), True, "")
    assert "Remembering: each" in drawn and "Forgetting: all" in drawn and "withheld" in drawn
    alone = ends_html(dataclasses.replace(crowd(), withheld=None), ("0", "1"), False, "")
    assert "still move after 200 steps" not in alone
    kinds = crowd().kinds
    kinds["slow drift"] = 7
    assert "7 of 40 inputs still move" in ends_html(dataclasses.replace(crowd(), kinds=kinds), ("0", "1"), False, "")
    assert "withheld" not in alone and "only the first guess sees the input" in alone
