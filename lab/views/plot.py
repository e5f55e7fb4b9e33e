"""Small charts as inline SVG: axes, ticks, lines, bands, dots. Sizes are pixels at the page's own type size."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lab.views.style import escape

RIGHT, TOP, BOTTOM = 12, 10, 44
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """From ``low`` to ``high``, both shown; ``name`` has the unit, and says so if the axis is log."""

    name: str
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def place(self, values: np.ndarray | float) -> np.ndarray:
        """0 to 1 along the axis; what lies outside is put on its end, NaN stays NaN."""
        given = np.asarray(values, dtype=np.float64)
        low, high = self.low, self.high
        if self.log:
            given = np.log10(np.where(given > 0, given, np.where(np.isnan(given), np.nan, low)))
            low, high = math.log10(low), math.log10(high)
        return np.clip((given - low) / (high - low), 0, 1)

    def label(self, tick: float) -> str:
        if not self.log or 0.01 <= tick <= 1000:
            return f"{tick:g}".replace("-", "−")
        return f"10{str(round(math.log10(tick))).translate(_SUPERSCRIPT)}"


@dataclass(frozen=True)
class Plot:
    """A chart of ``width`` x ``height`` pixels; ``marks`` come from the methods, in the order of painting."""

    x: Axis
    y: Axis
    width: int = 340
    height: int = 230
    left: int = 66
    """Room for the labels of y."""

    def at(self, x: np.ndarray | float, y: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        across = self.left + self.x.place(x) * (self.width - self.left - RIGHT)
        down = TOP + (1 - self.y.place(y)) * (self.height - TOP - BOTTOM)
        return across, down

    def line(self, x: np.ndarray, y: np.ndarray, colour: str, extra: str = "") -> str:
        """A line, interrupted where y is NaN."""
        return f'<path class="plot-line" d="{self._path(x, y)}" stroke="var(--{colour})"{extra}/>'

    def band(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> str:
        known = np.isfinite(low) & np.isfinite(high)
        if not known.any():
            return ""
        around = self._path(np.r_[x[known], x[known][::-1]], np.r_[low[known], high[known][::-1]])
        return f'<path class="plot-band" d="{around}Z" fill="var(--{colour})"/>'

    def dots(self, x: np.ndarray, y: np.ndarray, colour: str, radius: float = 3, tips: Sequence[str] = ()) -> str:
        across, down = self.at(x, y)
        hints = [f' data-tip="{escape(tip)}"' for tip in tips] or [""] * len(across)
        return "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{radius:g}" fill="var(--{colour})"{hint}/>'
            for a, b, hint in zip(across, down, hints, strict=True)
            if math.isfinite(a) and math.isfinite(b)
        )

    def rule(self, words: str, *, x: float | None = None, y: float | None = None) -> str:
        """A dashed line across the chart, with words at it."""
        across, down = self.at(self.x.low if x is None else x, self.y.low if y is None else y)
        a, b = float(across), float(down)
        if x is not None:
            late = a > self.width * 0.6
            place = f'x="{a + (-5 if late else 5):.1f}" y="{TOP + 14}" text-anchor="{"end" if late else "start"}"'
            line = f'<path class="plot-rule" d="M{a:.1f} {TOP}V{self.height - BOTTOM}"/>'
            return f"{line}<text {place}>{escape(words)}</text>"
        end = self.width - RIGHT
        line = f'<path class="plot-rule" d="M{self.left} {b:.1f}H{end}"/>'
        return f'{line}<text x="{end}" y="{b + 16:.1f}" text-anchor="end">{escape(words)}</text>'

    def write(self, words: str, x: float, y: float, colour: str = "quiet", anchor: str = "start") -> str:
        across, down = self.at(x, y)
        return (
            f'<text x="{float(across):.1f}" y="{float(down):.1f}" text-anchor="{anchor}" '
            f'style="fill:var(--{colour})">{escape(words)}</text>'
        )

    def svg(self, label: str, marks: Iterable[str]) -> str:
        """The chart; ``label`` is what a screen reader says."""
        bottom, right = self.height - BOTTOM, self.width - RIGHT
        grid, words = [], []
        for tick in self.x.ticks:
            across = float(self.at(tick, self.y.low)[0])
            grid.append(f"M{across:.1f} {TOP}V{bottom}")
            words.append(f'<text x="{across:.1f}" y="{bottom + 17}" text-anchor="middle">{self.x.label(tick)}</text>')
        for tick in self.y.ticks:
            down = float(self.at(self.x.low, tick)[1])
            grid.append(f"M{self.left} {down:.1f}H{right}")
            words.append(f'<text x="{self.left - 6}" y="{down + 5:.1f}" text-anchor="end">{self.y.label(tick)}</text>')
        middle = (self.left + right) / 2
        words.append(
            f'<text x="{middle:.0f}" y="{self.height - 8}" text-anchor="middle">{escape(self.x.name)}</text>'
            f'<text transform="translate(13 {(TOP + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.y.name)}</text>"
        )
        return (
            f'<svg class="plot" viewBox="0 0 {self.width} {self.height}" style="width:{self.width / 16:g}rem" '
            f'role="img" aria-label="{escape(label)}"><path class="plot-grid" d="{"".join(grid)}"/>'
            f"{''.join(words)}{''.join(marks)}</svg>"
        )

    def _path(self, x: np.ndarray, y: np.ndarray) -> str:
        across, down = self.at(x, y)
        out, pen = [], "M"
        for a, b in zip(across, down, strict=True):
            if math.isfinite(a) and math.isfinite(b):
                out.append(f"{pen}{a:.1f} {b:.1f}")
                pen = "L"
            else:
                pen = "M"
        return "".join(out)


def decades(low: float, high: float, every: int = 1) -> tuple[float, ...]:
    """Powers of ten from low to high, every so many."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return tuple(10.0**power for power in range(first, last + 1) if power % every == 0)
