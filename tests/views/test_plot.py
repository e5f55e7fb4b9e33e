import numpy as np
import pytest

from lab.views.plot import Axis, Plot, decades


def test_places_on_both_kinds_of_axis():
    plain = Axis("x", 0, 10, ())
    assert plain.place(np.array([0, 5, 10, 12, -1])).tolist() == [0, 0.5, 1, 1, 0]
    log = Axis("y (log)", 1e-4, 1, (), log=True)
    assert log.place(np.array([1e-4, 1e-2, 1, 0])) == pytest.approx([0, 0.5, 1, 0])
    assert np.isnan(log.place(np.nan))


def test_labels():
    log = Axis("y (log)", 1e-16, 1, (), log=True)
    assert [log.label(tick) for tick in (1e-16, 1e-4, 0.1, 1.0)] == ["10⁻¹⁶", "10⁻⁴", "0.1", "1"]
    assert [Axis("x", 0, 10, ()).label(tick) for tick in (0, -1.0, 0.575, 50.0)] == ["0", "−1", "0.575", "50"]


def test_a_line_is_broken_where_nothing_is_known():
    plot = Plot(Axis("x", 0, 3, ()), Axis("y", 0, 1, ()))
    drawn = plot.line(np.arange(4.0), np.array([0, 1, np.nan, 0.5]), "ink")
    assert drawn.count("M") == 2 and drawn.count("L") == 1 and "nan" not in drawn
    assert plot.band(np.arange(2.0), np.full(2, np.nan), np.ones(2), "ink") == ""
    assert plot.dots(np.arange(2.0), np.array([np.nan, 1]), "ink").count("<circle") == 1


def test_the_chart_names_its_axes_and_what_people_typed_stays_text():
    plot = Plot(Axis("<steps>", 0, 1, (0.0, 1.0)), Axis("size", 0, 1, (0.0, 1.0)))
    drawn = plot.svg("a & b", [plot.rule("<here>", x=0.5), plot.rule("there", y=0.5), plot.write("w", 0, 0)])
    assert "&lt;steps&gt;" in drawn and "a &amp; b" in drawn and "&lt;here&gt;" in drawn and "there" in drawn


def test_decades():
    assert decades(1e-4, 1) == pytest.approx((1e-4, 1e-3, 1e-2, 1e-1, 1))
    assert decades(1e-16, 1, 4) == pytest.approx((1e-16, 1e-12, 1e-8, 1e-4, 1))
