"""Twins and doses: what is said is what was found, and nothing found is said too."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np

from lab.views.drink import MAPS, TwinsInfo, dose_html, twins_html
from lab.views.progress import Working
from satipatthana.diagnostics.dose import Dose, DoseResponse
from satipatthana.diagnostics.intervals import Interval


def pair(**changes: Any) -> TwinsInfo:
    """Ten steps of which the third and fifth were skipped, then a hundred halvings."""
    left = np.concatenate([np.full(11, 3.2), 3.2 * 0.5 ** np.arange(1.0, 101)])[:, None].astype(np.float32)
    apart = left.copy()
    apart[0] = 0
    skipped = np.zeros((10, 1), bool)
    skipped[[2, 4]] = True
    twins = SimpleNamespace(
        apart=apart, left=left, skipped=skipped, parted=np.array([1]), back=np.array([6]), same_end=np.array([True]),
        rests=np.array([True]), unit=6.4, n_steps=10,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(twins, name, value)
    return TwinsInfo(twins, 0.3, 0.2, 4, 250)  # type: ignore[arg-type]


def test_what_became_of_the_twins():
    html = twins_html(pair())
    for text in ("after step 1", "2 of 10 steps", "3, 5", "50.0 %", "the same", "6 steps later", "seed 4"):
        assert text in html
    assert html.count('class="twins-skip"') == 2
    assert "log" in html and "latent units" in html


def test_twins_that_never_part_or_never_meet_again():
    same = twins_html(pair(parted=np.array([0]), back=np.array([0]), skipped=np.zeros((10, 1), bool)))
    assert "never left" in same and "never" in same and "none" in same
    lost = twins_html(pair(back=np.array([-1]), same_end=np.array([False])))
    assert "another" in lost and ">not<" in lost
    assert "does not come to rest" in twins_html(pair(rests=np.array([False])))


def test_no_thought_and_no_numbers():
    assert "no thought yet" in twins_html(None)
    assert "diverged" in twins_html(pair(left=np.full((111, 1), np.nan)))
    together = pair(left=np.zeros((111, 1), np.float32), apart=np.zeros((111, 1), np.float32))
    assert "<svg" in twins_html(together)


def dose(skip: float, push: float, back: float | None = 5.0) -> Dose:
    return Dose(
        skip, push, Interval(0.27, 0.25, 0.29), Interval(0.125, 0.1, 0.2), Interval(0.5, 0.4, 0.6), back,
        Interval(1, 0.98, 1),
    )  # fmt: skip


def response(*rows: tuple[Dose | None, ...]) -> DoseResponse:
    return DoseResponse((0.0, 0.3), (0.0, 0.2), rows, n=200, seed=1, noise=0.0, unit=6.7, sober_trust=0.93)


def test_four_maps_of_every_setting():
    found = response((dose(0, 0), dose(0, 0.2)), (dose(0.3, 0), dose(0.3, 0.2, None)))
    html = dose_html(found, own=(0.3, 0.2))
    assert html.count("<figure") == len(MAPS) == 4
    assert html.count("data-tip") == 16 and html.count("class=own") == 4
    for text in (">.27<", ">12<", ">5<", ">.50<", "(0.250 to 0.290)", "n = 200 · seed 1", "clean inputs"):
        assert text in html
    assert "median steps back –" in html
    strengths = [int(share) for share in re.findall(r"(\d+)%\)", html)]
    assert max(strengths) <= 55


def test_a_grid_that_is_still_growing():
    html = dose_html(response((dose(0, 0), None), (None, None)), Working("running", 1, 4, "skips 0"))
    assert html.count("<td></td>") == 12 and "25.0 %" in html
    assert "Sweep 64 doses" in dose_html(None)
    assert "Waiting" in dose_html(None, Working("waiting"))
    assert "weights have changed" in dose_html(response((dose(0, 0), None), (None, None)), Working("ready", stale=True))
