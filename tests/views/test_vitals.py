"""Vitals: present value, sparkline, nothing before the first measurement."""

import math

from lab.views.vitals import POINTS, VITALS, vitals, vitals_html


def history(n: int, every: int = 1) -> list[dict]:
    return [
        {
            "stage": 0 if step <= n // 2 else 1,
            "step": step,
            "global_step": step,
            "losses": {},
            "vitals": {"accuracy": step / n, "perplexity": 9.8, "spread": 0.3} if step % every == 0 else {},
        }
        for step in range(1, n + 1)
    ]


def test_present_values_with_what_they_are_a_share_of():
    info = vitals(history(100, 10), n_probes=10)
    by_key = {vital.key: vital for vital in info.vitals}
    assert by_key["accuracy"].text == "100 %"
    assert by_key["perplexity"].text == "9.80 of 10"
    assert by_key["accuracy"].x == tuple(range(10, 101, 10))
    assert by_key["trust_gap"].text == "–"
    assert info.boundaries == (51,)
    assert info.last_step == 100


def test_long_histories_are_thinned_and_keep_their_last_point():
    info = vitals(history(5000))
    accuracy = info.vitals[0]
    assert len(accuracy.x) == POINTS
    assert accuracy.x[0] == 1
    assert accuracy.x[-1] == 5000
    assert len(vitals_html(info)) < 10_000


def test_values_that_are_not_finite_are_left_out():
    records = history(4)
    records[3]["vitals"]["spread"] = math.nan
    by_key = {vital.key: vital for vital in vitals(records).vitals}
    assert by_key["spread"].x == (1, 2, 3)


def test_nothing_measured_keeps_the_places():
    info = vitals([])
    assert [vital.key for vital in info.vitals] == list(VITALS)
    html = vitals_html(info, seed=0, n=128)
    assert html.count("not measured yet") == len(VITALS)
    assert "n = 128 · seed 0" in html


def test_the_vitals_are_those_that_are_measured():
    from satipatthana.diagnostics.vitals import NAMES

    assert tuple(VITALS) == tuple(NAMES)
