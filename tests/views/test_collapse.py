"""The panels below the matrix: table by class, heaps of cosines, history, guards."""

import dataclasses

import numpy as np
import pytest
import torch

from lab.views import collapse_history
from lab.views.collapse import CollapseInfo, collapse_html
from lab.views.collapse_history import guards_html, history_html
from lab.views.progress import STALE, Working, progress_html
from satipatthana.diagnostics.collapse import (
    Portrait,
    class_table,
    clustering_order,
    pair_cosines,
    probe_angles,
    spread,
    usage,
)
from satipatthana.diagnostics.collapse_history import CollapseFigures, Compared, Moment

ENDS = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-1.0, 0.0]])
LABELS = torch.tensor([0, 0, 1, 1])


def portrait(k: int = 3) -> Portrait:
    angles = probe_angles(torch.eye(k))
    attention = torch.zeros(4, k)
    attention[torch.arange(4), torch.tensor([0, 0, 1, 1])] = 1
    return Portrait(
        angles=angles,
        order=clustering_order(angles.similarity),
        norms=np.arange(1, k + 1, dtype=np.float32),
        probe_rank=float(k),
        train=usage(attention),
        test=usage(attention),
        table=class_table(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 1]), k, 2),
        spread=spread(ENDS),
        end_rank=1.5,
        cosines=pair_cosines(ENDS, LABELS),
    )


def info(k: int = 3) -> CollapseInfo:
    return CollapseInfo(portrait(k), ("sun", "<moon>"), 40, 4, 7, keyed=False)


def test_a_row_says_which_classes_a_probe_answers():
    html = collapse_html(info())
    assert "Probe 0, sun: 1 inputs, 50.0 % of its own" in html
    assert "Probe 1, &lt;moon&gt;: 2 inputs, 100 % of its own" in html and "<moon>" not in html
    assert html.count("never nearest") == 1 and html.count("<tr class=dead>") == 1
    assert "n = 4 · seed 7" in html and "n = 40" in html
    for figure in ("2.00 of 3", "33.3 %", "0.750", "1.00 – 3.00"):
        assert figure in html, figure


def test_the_heaps_are_drawn_to_the_mean():
    html = collapse_html(info())
    same, other = portrait().cosines.same_mean, portrait().cosines.other_mean
    assert f"one class: mean {same:.2f}" in html and other is not None
    assert html.count('class="chart-mark') == 2
    one = pair_cosines(ENDS, torch.zeros(4, dtype=torch.int64))
    alone = dataclasses.replace(info(), portrait=dataclasses.replace(portrait(), cosines=one))
    assert "two classes: mean" not in collapse_html(alone)


def test_many_probes_are_cut_and_nothing_at_all_says_why():
    assert "16 more probes are not drawn" in collapse_html(info(40))
    assert "are not finite" in collapse_html(None, "The states are not finite.")


FIGURES = CollapseFigures(3.5, 0.25, 0.5, -0.1, 0.4, 3.0, 9.0, 0.5)


def test_a_past_is_one_chart_a_figure():
    moments = tuple(Moment(stage, step, FIGURES) for stage, step in ((0, 0), (0, 10), (1, 11), (1, 40)))
    html = history_html(moments, 4, n=500, seed=1)
    assert html.count("<svg") == len(collapse_history.FIGURES)
    assert html.count("chart-mark") == len(collapse_history.FIGURES)  # one stage begins in between
    assert "perplexity of usage: 3.50 at 0, now 3.50" in html
    assert "Nothing has been measured" in history_html(None, 4, n=500, seed=1)
    assert "no keyframes" in history_html((), 4, n=500, seed=1, past=False)


def test_guards_share_their_axes():
    worse = dataclasses.replace(FIGURES, perplexity=1.5, purity=0.2)
    found = (Compared("keyed", (1, 10), (FIGURES, FIGURES)), Compared("nothing", (1, 10), (FIGURES, worse)))
    html = guards_html(found, 4, Working("running", 5, 10, "step 5 of 10"), n=500, seed=1)
    assert html.count("<svg") == 2 * len(collapse_history.COLUMNS)
    assert "<b>keyed</b> uses the most probes (perplexity 3.50)" in html
    assert "without a guard: 1.50 and 0.200" in html
    assert "50.0 % · step 5 of 10" in html
    assert "Nothing has been compared" in guards_html(None, 4, n=500, seed=1)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (Working(), ""),
        (Working("waiting"), "Waiting for its turn"),
        (Working("failed", text="a < b"), "a &lt; b"),
        (Working("cancelled", text="Stopped."), "Stopped."),
        (Working("ready", stale=True), STALE),
    ],
)
def test_what_a_study_says_of_itself(now: Working, said: str):
    html = progress_html(now)
    assert said in html and bool(html) == bool(said)
