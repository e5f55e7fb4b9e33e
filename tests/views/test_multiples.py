"""Small charts: right places, nothing drawn that is not known."""

import math
import re

import pytest

from lab.views.multiples import Axis, Line, axis_to, small_chart, tick_label


@pytest.mark.parametrize(
    ("high", "ticks"),
    [(10, (0, 5, 10)), (1306, (0, 500, 1000, 1500)), (0.7, (0, 0.2, 0.4, 0.6, 0.8)), (34, (0, 10, 20, 30, 40))],
)
def test_axes_are_labelled_at_round_numbers(high: float, ticks: tuple[float, ...]):
    axis = axis_to(high)
    assert axis.ticks == pytest.approx(ticks)
    assert axis.high >= high and axis.low == 0


def test_ticks_are_written_short():
    assert [tick_label(value) for value in (-0.5, -0.0, 1500, 0.1 + 0.2)] == ["−0.5", "0", "1,500", "0.3"]


def test_points_stand_where_they_belong():
    drawn = small_chart("share", [Line("share", [0, 5, 10], [0, math.nan, 1])], axis_to(10), Axis(0, 1, (0, 1)))
    points = re.findall(r'points="([^"]*)"', drawn)
    assert points == ["40.0,116.0 276.0,26.0"]  # the point that is no number is left out
    assert "share: 0 at 0, now 1.00" in drawn
    assert "<polyline" not in small_chart("nothing", [Line("nothing", [1], [math.inf])], axis_to(1), axis_to(1))
