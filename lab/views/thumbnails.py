"""The symptom of each failure as a small drawing, by its number: schematic, no measurement.

What is sick is hollow or dashed, what it is compared with is quiet; so a drawing shows what one sees, not why.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

WIDTH, HEIGHT = 240, 96
_FLOOR, _TOP, _LEFT, _RIGHT = 82.0, 12.0, 18.0, 224.0

Point = tuple[float, float]


def thumbnail_svg(number: int) -> str:
    """The drawing of an exhibit; one that has none of its own gets two curves that part."""
    drawn = THUMBNAILS.get(number, _parting)()
    return f'<svg class="thumb" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{drawn}</svg>'


# --- strokes ----------------------------------------------------------------------------------------------------


def _line(points: Iterable[Point], kind: str) -> str:
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{kind}" points="{drawn}"/>'


def _path(d: str, kind: str) -> str:
    return f'<path class="{kind}" d="{d}"/>'


def _dot(x: float, y: float, kind: str, radius: float = 4) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def _box(x: float, y: float, width: float, height: float, kind: str, round: float = 2) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round:g}"/>'


def _axes() -> str:
    return _path(f"M{_LEFT} {_TOP - 4}V{_FLOOR}H{_RIGHT}", "axis")


def _curve(y: Callable[[float], float], kind: str, start: float = 0.0, stop: float = 1.0) -> str:
    """``y`` of 0 to 1, 0 at the floor and 1 at the top, along a share of the x axis."""
    shares = [start + (stop - start) * index / 40 for index in range(41)]
    return _line([(_across(share), _up(y(share))) for share in shares], kind)


def _across(share: float) -> float:
    return _LEFT + share * (_RIGHT - _LEFT)


def _up(share: float) -> float:
    return _FLOOR - share * (_FLOOR - _TOP)


def _falling(rate: float, low: float = 0.08) -> Callable[[float], float]:
    return lambda share: low + (0.95 - low) * math.exp(-rate * share)


def _wobble(share: float) -> float:
    return 0.02 * math.sin(31 * share) + 0.015 * math.sin(53 * share + 1)


# --- the symptoms -----------------------------------------------------------------------------------------------


def _parting() -> str:
    return _axes() + _curve(_falling(4), "well") + _curve(lambda x: _falling(4, 0.55)(x) + _wobble(x), "sick")


def _stability() -> str:
    """The losses fall, the last step stays as long as it was."""
    flat = _curve(lambda x: 0.66 + _wobble(x), "sick")
    return _axes() + _curve(_falling(5), "quiet") + _curve(_falling(3, 0.16), "quiet") + flat


def _optimizer_kept() -> str:
    """It learns, until the next stage begins."""
    middle = _across(0.45)
    first = _curve(lambda x: 0.35 + 0.6 * math.exp(-7 * x), "quiet", stop=0.45)
    rest = _curve(lambda x: 0.78 + _wobble(x), "sick", start=0.45)
    return _axes() + _path(f"M{middle:.1f} {_TOP - 4}V{_FLOOR}", "mark") + first + rest


def _built_late() -> str:
    """Of five parts one has not moved at all."""
    heights = (0.72, 0.5, 0.86, 0.0, 0.62)
    bars = [
        _box(_across(0.06 + 0.19 * index), _up(height), 26, height * (_FLOOR - _TOP), "fill")
        for index, height in enumerate(heights)
        if height
    ]
    empty = _box(_across(0.63), _up(0.8), 26, 0.8 * (_FLOOR - _TOP), "sick")
    return _path(f"M{_LEFT} {_FLOOR}H{_RIGHT}", "axis") + "".join(bars) + empty


def _gate_shut() -> str:
    """All wait on one side."""
    places = ((34, 28), (58, 52), (44, 70), (82, 36), (96, 64), (70, 18), (112, 46), (104, 24), (120, 72))
    waiting = "".join(_dot(x, y, f"class c{index}") for index, (x, y) in enumerate(places))
    gate = _path("M140 10V86M150 10V86", "sick solid")
    return waiting + gate + _dot(196, 48, "sick", 6)


def _batch_scaled() -> str:
    """The same input, another crowd, another score."""

    def crowd(x: float, kinds: Sequence[int], score: float) -> str:
        dots = "".join(_dot(x + 15 * index, 78, f"class c{kind}", 4) for index, kind in enumerate(kinds))
        height = _path(f"M{x + 30} 68V{_up(score) + 5:.1f}", "sick")
        return dots + _dot(x + 30, 78, "ring", 7) + height + _dot(x + 30, _up(score), "sick", 5)

    return crowd(32, (3, 4, 7, 4, 3), 0.86) + crowd(148, (0, 5, 7, 8, 1), 0.34)


def _hardly() -> str:
    """A loss that stays where it began."""
    return _axes() + _curve(_falling(4), "quiet") + _curve(lambda x: 0.9 - 0.06 * x + _wobble(x), "sick")


def _no_clean() -> str:
    """What is clean is doubted like all the rest."""
    bins = (0.5, 0.9, 0.7, 0.35, 0.12)
    sick = "".join(_box(_across(0.03 + 0.065 * i), _up(h), 13, h * (_FLOOR - _TOP), "sick") for i, h in enumerate(bins))
    wanted = _curve(lambda x: 0.85 * math.exp(-(((x - 0.84) / 0.08) ** 2)), "quiet", 0.6)
    return _path(f"M{_LEFT} {_FLOOR}H{_RIGHT}", "axis") + sick + wanted


def _batch_energy() -> str:
    """Eight inputs, one energy."""
    own = (0.25, 0.62, 0.4, 0.85, 0.3, 0.72, 0.5, 0.36)
    places = [_across(0.08 + 0.12 * index) for index in range(len(own))]
    level = _up(sum(own) / len(own))
    ghosts = "".join(_dot(x, _up(y), "ghost") for x, y in zip(places, own, strict=True))
    same = "".join(_dot(x, level, "sick", 5) for x in places)
    return _axes() + ghosts + _path(f"M{_LEFT} {level:.1f}H{_RIGHT}", "sick") + same


def _checkerboard() -> str:
    """A picture with a grid in it."""
    size, left, top = 7.0, 80.0, 6.0
    cells = []
    for row in range(12):
        for column in range(12):
            inside = 22 < (row - 5.5) ** 2 * 0.7 + (column - 5.5) ** 2 * 1.5 + 8 < 44
            shade = 0.85 if inside else 0.16
            shade += 0.15 if (row + column) % 2 else -0.12
            opacity = min(1.0, max(0.04, shade))
            cells.append(
                f'<rect class="ink" x="{left + column * size:g}" y="{top + row * size:g}" width="{size:g}" '
                f'height="{size:g}" opacity="{opacity:.2f}"/>'
            )
    return "".join(cells)


def _probes_fall() -> str:
    """Ten directions become three."""
    centre, clumps = (120.0, 48.0), (0.5, 2.5, 4.6)
    parts = []
    for index in range(10):
        angle = 2 * math.pi * index / 10
        nearest = min(clumps, key=lambda clump: abs(math.remainder(angle - clump, 2 * math.pi)))
        away = math.remainder(angle - nearest, 2 * math.pi)
        end = nearest + 0.16 * away
        begin = (centre[0] + 44 * math.cos(angle) * 1.7, centre[1] + 40 * math.sin(angle))
        there = (centre[0] + 36 * math.cos(end) * 1.7, centre[1] + 33 * math.sin(end))
        parts.append(_dot(*begin, "ghost", 4) + _line([begin, there], "thread") + _dot(*there, f"class c{index}", 4.5))
    return "".join(parts)


def _idle_dials() -> str:
    """Two dials at nought, and two minds on the same path."""

    def dial(x: float) -> str:
        return _dot(x, 40, "sick", 17) + _path(f"M{x} 40L{x - 10} 52", "sick solid")

    points = [(112 + 12 * i, 66 - 20 * math.sin(0.36 * i) - 2.2 * i) for i in range(9)]
    marks = "".join(_dot(x, y, "drunk ring", 5.5) + _dot(x, y, "sober", 2.6) for x, y in points)
    return dial(38) + dial(80) + _line(points, "sober") + _line(points, "drunk dashed") + marks


def _forgetting() -> str:
    """Whatever it begins with, it ends in the same state."""
    starts = ((24, 12), (22, 34), (28, 60), (24, 84), (60, 8), (64, 88), (90, 14), (96, 84))
    end = (196.0, 48.0)
    parts = []
    for index, (x, y) in enumerate(starts):
        bend = f"M{x} {y}C{x + 60} {y} {end[0] - 80} {end[1]} {end[0]} {end[1]}"
        parts.append(_path(bend, f"trail c{index}") + _dot(x, y, f"class c{index}", 4))
    return "".join(parts) + _dot(*end, "sick", 8)


def _halted() -> str:
    """It comes to rest short of where it was to go."""
    places = [(30 + 110 * (1 - 0.55**i), 74 - 42 * (1 - 0.55**i)) for i in range(8)]
    walked = _line(places, "sick") + "".join(_dot(x, y, "sick", 4) for x, y in places)
    return walked + _dot(206, 24, "ring", 12) + _dot(206, 24, "ink", 3)


def _leak() -> str:
    """All right at school, lost outside."""
    bars = _box(62, _up(0.98), 34, 0.98 * (_FLOOR - _TOP), "fill") + _box(
        146, _up(0.3), 34, 0.3 * (_FLOOR - _TOP), "sick"
    )
    chance = _path(f"M{_LEFT} {_up(0.22):.1f}H{_RIGHT}", "mark")
    return _path(f"M{_LEFT} {_FLOOR}H{_RIGHT}", "axis") + bars + chance


def _neighbour() -> str:
    """One thought stops because another one has come to rest."""
    stop = _across(0.52)
    other = _curve(_falling(9, 0.05), "quiet", stop=0.52)
    mine = _curve(_falling(1.5, 0.1), "sick", stop=0.52)
    never = _curve(_falling(1.5, 0.1), "thread", start=0.52)
    return _axes() + _path(f"M{stop:.1f} {_TOP - 4}V{_FLOOR}", "mark") + other + mine + never


THUMBNAILS: Mapping[int, Callable[[], str]] = MappingProxyType(
    {
        1: _stability,
        2: _optimizer_kept,
        3: _built_late,
        4: _gate_shut,
        5: _batch_scaled,
        6: _hardly,
        7: _no_clean,
        8: _batch_energy,
        9: _checkerboard,
        10: _probes_fall,
        11: _idle_dials,
        12: _forgetting,
        13: _halted,
        14: _leak,
        15: _neighbour,
    }
)
"""By the number of the exhibit."""
