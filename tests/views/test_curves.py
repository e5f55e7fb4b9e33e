"""Loss curves: what is drawn is a function of the history alone, and an update stays small."""

import json
import math

import numpy as np
import plotly.graph_objects as go
import pytest

from lab.views import curves
from lab.views.loss_figure import domains, grid, loss_figure


def history(*lengths: int, seed: int = 0) -> list[dict]:
    """A run that goes through the stages 0, 1, ... in order."""
    rng = np.random.default_rng(seed)
    records = []
    for stage, length in enumerate(lengths):
        for step in range(1, length + 1):
            losses = {term: math.exp(-step / 200) + 0.1 * rng.random() for term in curves.TERMS[stage]}
            records.append({"stage": stage, "step": step, "global_step": len(records) + 1, "losses": losses})
    return records


def size(payload: dict) -> int:
    return len(json.dumps(payload, separators=(",", ":")))


def follow(records: list[dict], every: int, stage: int, start: int = 0):
    """A page that asks after every so many records: its first figure with all appends counted in, and their sizes."""
    first, cursor = curves.seed(records[:start], stage)
    traces = [(list(trace["x"]), list(trace["y"])) for trace in first["figure"]["data"]]
    held, seq, sizes = first["points"], first["seq"], []
    reached = start
    while reached < len(records) or cursor.behind(records):
        reached = min(len(records), reached + every)
        delta, cursor = curves.append(records[:reached], cursor)
        if delta is None:
            continue
        assert delta["from"] == held
        assert delta["seq"] == seq + 1
        held, seq = held + delta["points"], delta["seq"]
        sizes.append(size(delta))
        for trace, at, y in zip(delta["traces"], delta["at"], delta["y"], strict=True):
            traces[trace][0].extend(delta["x"][at])
            traces[trace][1].extend(y)
    return traces, sizes


def drawn(records: list[dict], stage: int):
    return [(trace["x"], trace["y"]) for trace in curves.seed(records, stage)[0]["figure"]["data"]]


@pytest.mark.parametrize("every", [1, 7, 125, 1000])
def test_seed_and_appends_show_the_same_points_however_often_somebody_looks(every):
    records = history(30, 700, 20)
    traces, _ = follow(records, every, stage=1, start=40)
    assert traces == drawn(records, stage=1)


def test_an_update_stays_small_however_long_the_history_and_however_fast_the_training():
    records = history(126, 9000)
    # 500 steps a second, looked at four times a second
    traces, sizes = follow(records, every=125, stage=1)
    assert max(sizes) <= curves.APPEND_LIMIT < 4096
    assert traces == drawn(records, stage=1)
    # one step at the end of a long run
    _, cursor = curves.seed(records[:-8], 1)
    delta, _ = curves.append(records, cursor)
    assert delta is None or size(delta) < 500


def test_a_figure_grows_with_the_logarithm_of_the_steps():
    points = [len(drawn(history(0, n), 1)[4][0]) for n in (512, 1024, 2048, 4096, 8192)]
    assert points == [512, 768, 1024, 1280, 1536]


def test_stride_doubles_and_a_step_is_kept_by_its_number_alone():
    assert [curves.stride(step) for step in (1, 512, 513, 1024, 1025, 2049)] == [1, 1, 2, 2, 4, 8]
    assert [step for step in range(509, 520) if curves.kept(step)] == [509, 510, 511, 512, 514, 516, 518]


def test_a_page_that_is_behind_is_told_so():
    records = history(0, 500)
    _, cursor = curves.seed([], 1)
    delta, cursor = curves.append(records, cursor)
    assert delta is not None
    assert cursor.behind(records)
    assert not curves.seed(records, 1)[1].behind(records)


def test_nothing_new_is_no_update():
    records = history(20)
    _, cursor = curves.seed(records, 0)
    assert curves.append(records, cursor) == (None, cursor)


def test_empty_history_gives_the_labelled_charts_of_the_stage():
    info = curves.loss_curves([], 1)
    assert [curve.term for curve in info.curves] == list(curves.TERMS[1])
    assert info.points == 0
    payload, cursor = curves.seed([], 1)
    assert [head["title"] for head in payload["heads"]] == ["total over the run", *curves.TERMS[1]]
    assert cursor.points == 0
    go.Figure(payload["figure"])


def test_stage_2_shows_the_excess_over_the_floor_where_it_is_given():
    record = {"stage": 2, "step": 1, "global_step": 1}
    losses = {"total": 1.5, "trust": 0.5, "conformity": 0.5, "confidence": 0.5}
    with_floor = curves.loss_curves([{**record, "losses": {**losses, "floor": 0.125}}], 2)
    by_term = {curve.term: curve for curve in with_floor.curves}
    assert by_term["trust"].y == (0.375,)
    assert by_term["trust"].unit == "BCE over its floor"
    assert by_term["total"].y == (1.5,)
    assert "floor" not in by_term
    without = curves.loss_curves([{**record, "losses": losses}], 2)
    assert {curve.term: curve.y for curve in without.curves}["trust"] == (0.5,)
    assert {curve.term: curve.unit for curve in without.curves}["trust"] == "BCE, nats"


def test_the_overview_marks_stages_and_leaves_a_gap_where_another_stage_ran():
    records = history(3, 2)
    records.append({"stage": 0, "step": 4, "global_step": 6, "losses": {"total": 1.0}})
    info = curves.loss_curves(records, 1)
    assert info.boundaries == ((1, 0), (4, 1), (6, 0))
    assert info.overview[0].x == (1, 2, 3, None, 6)
    assert info.overview[1].x == (4, 5)
    assert info.overview[1].y[0] == info.curves[0].y[0]


def test_terms_that_are_missing_or_not_finite_are_gaps_and_new_ones_get_a_chart():
    records = [
        {"stage": 3, "step": 1, "global_step": 1, "losses": {"total": 1.0, "answer": math.nan, "extra": 2.0}},
        {"stage": 3, "step": 2, "global_step": 2, "losses": {"total": 1.0, "extra": 2.0}},
    ]
    info = curves.loss_curves(records, 3)
    assert {curve.term: curve.y for curve in info.curves} == {
        "total": (1.0, 1.0),
        "answer": (None, None),
        "extra": (2.0, 2.0),
    }


def test_records_may_be_objects():
    from types import SimpleNamespace

    records = history(3)
    objects = [SimpleNamespace(**record) for record in records]
    assert curves.loss_curves(objects, 0) == curves.loss_curves(records, 0)


@pytest.mark.parametrize("log", [True, False])
def test_the_figure_renders_and_holds_plain_lists(log):
    figure = loss_figure(curves.loss_curves(history(10, 20), 1), log=log)
    built = go.Figure(figure)
    assert len(built.data) == 4 + len(curves.TERMS[1])
    assert built.layout.yaxis2.type == ("log" if log else "linear")
    assert all(type(trace["x"]) is list and type(trace["y"]) is list for trace in figure["data"])
    json.dumps(figure)


@pytest.mark.parametrize("columns", [1, 2, 4])
def test_charts_do_not_overlap_and_keep_their_height_when_the_stage_changes(columns):
    for n in (2, 4, 8):
        places = domains(grid(n, columns))
        assert len(places) == n + 1
        for index, (x, y) in enumerate(places):
            assert 0 <= x[0] < x[1] <= 1
            assert 0 <= y[0] < y[1] <= 1
            for other_x, other_y in places[index + 1 :]:
                assert x[1] <= other_x[0] or other_x[1] <= x[0] or y[1] <= other_y[0] or other_y[1] <= y[0]
    assert grid(4, 4).height - grid(8, 4).height == pytest.approx(0)


def test_terms_are_those_of_the_curriculum():
    from satipatthana.train.stages import EARLY, STAGES

    assert tuple(stage.terms for stage in STAGES) == curves.TERMS
    assert {EARLY, *(term for terms in curves.TERMS for term in terms)} == set(curves.UNITS)
