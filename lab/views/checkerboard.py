"""Checkerboards: the same thoughts through every kind of decoder, with their spectra, flat fields and one score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lab.views.gallery import thumbnail
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.progress import IDLE, Working, progress_html
from lab.views.style import corner, count, escape, number

if TYPE_CHECKING:
    from satipatthana.diagnostics.decoder_race import Drawn, Expectation, Race

PANEL = Panel(
    "Which decoder paints checkerboards?",
    "Each column learned to draw the same settled states s* in as many steps. The score is its power at the finest "
    "pattern, 2 px, over that of real data: 1 is like real data, far above 1 checkerboard, far below 1 blur.",
    "Decoders double their resolution several times, and most ways of doubling treat neighbouring pixels differently, "
    "which shows as patterns of 2, 4 and 8 px. The flat field makes them visible: one constant first feature map, so "
    "that whatever is not flat was painted by the decoder. Blur lowers the score and a checkerboard raises it, so a "
    "blurred picture with a checkerboard can score 1: look at the flat field, and whether the radial spectrum turns up "
    "at its end. Pictures, errors and spectra are of inputs that no decoder learned from; the run is not changed.",
    "score = P₂(drawn) / P₂(real), P₂ = Σ |FFT|² over the Nyquist row and column / Σ |FFT|² over all but the mean",
    "satipatthana.diagnostics.checkerboard.spectrum, .relative, .flat_field; .decoder_race.decoder_race",
)
NAMES = {
    "resize": ("Resize-conv", "resize, then convolve"),
    "transpose": ("Transposed k4", "stride 2, kernel 4"),
    "transpose3": ("Transposed k3", "stride 2, kernel 3"),
    "pixelshuffle": ("Pixel shuffle", "four pixels from channels"),
    "pixelshuffle_icnr": ("Pixel shuffle, ICNR", "the four start alike"),
}
START = "Race them"
WORDS = {
    "none": f"Nothing has raced yet. “{START}” trains five decoders side by side, in about 15 seconds.",
    "vector": "This run's inputs are vectors without pixels, so no decoder can paint a checkerboard on them. "
    "Open a run on images.",
    "as": "As expected.",
    "otherwise": "Otherwise than expected.",
    "so far": "So far:",
}
_CHECKERBOARD, _BLUR = 2.0, 0.5
_DARKEST = 1e-9
"""Power at which a chart ends."""
_LAST = 10  # batches of which a loss is told


def checkerboard_html(race: "Race | None", now: Working = IDLE, *, images: bool = True) -> str:
    """The panel as HTML, whatever there is to show yet; ``images`` False: the run's inputs have no pixels."""
    if not images:
        return panel_html("checkerboard", PANEL, empty_html(WORDS["vector"], "Train", "tab:Train"))
    said = progress_html(now)
    if race is None:
        return panel_html("checkerboard", PANEL, said or empty_html(WORDS["none"]))
    return panel_html("checkerboard", PANEL, said, _order(race), _table(race), corner=corner(race.n, race.seed))


def verdict(score: float) -> str:
    """What a score means, in words."""
    if not np.isfinite(score):
        return "nothing drawn"
    if score > _CHECKERBOARD:
        return "checkerboard"
    return "blur" if score < _BLUR else "like real data"


def expectation(one: "Expectation") -> str:
    """One line of the expected order, and what came out."""
    higher, lower = NAMES[one.higher][0], NAMES[one.lower][0]
    wanted = f"at least {number(one.at_least, digits=1)} times as much" if one.at_least > 1 else "more"
    return f"{higher} scores {number(one.times)} times what {lower.lower()} scores; expected {wanted}."


def _order(race: "Race") -> str:
    lines = []
    for one in race.order:
        # before the end the order is still being made
        word = "so far" if race.steps < race.planned else "as" if one.holds else "otherwise"
        lines.append(f'<li data-word="{word}"><b>{WORDS[word]}</b> {escape(expectation(one))}</li>')
    when = f"After {count(race.steps)} of {count(race.planned)} steps each, from {count(race.n_train)} states"
    return f'<div class="race-order"><b>{when}</b> <span>(one start each)</span><ul>{"".join(lines)}</ul></div>'


# --- the table -----------------------------------------------------------------------------------------------


def _table(race: "Race") -> str:
    drawn: list[Drawn] = [race.own, *race.racers]
    rows = [_head(race)]
    for index in range(len(race.targets)):
        pictures = [race.targets[index], *(one.pictures[index] for one in drawn)]
        names = ["Real", *(NAMES[one.upsampling][0] for one in drawn)]
        cells = [
            _zoomed(thumbnail(picture, f"{name}, input {index + 1}"), "picture")
            for name, picture in zip(names, pictures, strict=True)
        ]
        rows.append(_row("Held-out input" if index == 0 else "", cells))
    rows += [_flat_row(race, drawn), _spectrum_row(race, drawn), _radial_row(race, drawn), _lines_row(race, drawn)]
    rows += [_scores_row(race), _loss_row(race)]
    return f'<div class="race-scroll"><div class="race" role="table" data-zooms>{"".join(rows)}</div></div>'


def _row(label: str, cells: Sequence[str], note: str = "") -> str:
    head = f'<div class="race-label" role="rowheader"><b>{label}</b>{f"<span>{note}</span>" if note else ""}</div>'
    return f'<div class="race-row" role="row">{head}{"".join(f"<div role=cell>{cell}</div>" for cell in cells)}</div>'


def _head(race: "Race") -> str:
    cells = ["<b>Real data</b><em>1</em><span>by definition</span>"]
    for one in (race.own, *race.racers):
        name, gloss = NAMES[one.upsampling]
        if one is race.own:
            name, gloss = "This run's head", f"{name.lower()}, as the run trained it"
        low, high = number(one.score.low), number(one.score.high)
        cells.append(
            f"<b>{escape(name)}</b>"
            f'<em data-tip="95 % over draws of the inputs: {low} to {high}">{number(one.score.value)}</em>'
            f"<span>{verdict(one.score.value)}</span><span>{low} – {high}</span><span>MSE {number(one.error)}</span>"
            f"<span>{escape(gloss)}</span>"
        )
    label = '<div class="race-label"><b>Score</b><span>Nyquist power over real data, 95 % interval</span></div>'
    columns = "".join(f"<div role=columnheader>{cell}</div>" for cell in cells)
    return f'<div class="race-row head" role="row">{label}{columns}</div>'


def _zoomed(picture: str, group: str) -> str:
    return f'<div class="zoomed" data-zoom="{group}">{picture}</div>'


def _flat_row(race: "Race", drawn: "Sequence[Drawn]") -> str:
    away = [None if one.flat is None else one.flat.picture - one.flat.picture.mean() for one in drawn]
    # one scale for all, or rounding would be drawn as a pattern
    top = max([1e-3, *(float(np.abs(one).max()) for one in away if one is not None)])
    cells = ["<span>–</span>"]
    start = [None, *(racer.flats[0] for racer in race.racers)]
    for one, picture, first in zip(drawn, away, start, strict=True):
        if one.flat is None or picture is None:
            cells.append("<span>no map that doubles</span>")
            continue
        name = NAMES[one.upsampling][0]
        before = "" if first is None else f"<span>at the start {number(first)}</span>"
        image = thumbnail(picture / top, f"{name}: what a constant map becomes")
        cells.append(f"{_zoomed(image, 'flat')}<b>{number(one.flat.std)}</b>{before}")
    return _row("Flat field", cells, "one constant first map, 16 px inside; standard deviation, x in [−1, 1]")


def _spectrum_row(race: "Race", drawn: "Sequence[Drawn]") -> str:
    # frequency 0 is the mean, which is left out
    real = race.real.log_power
    rest = np.delete(real, (real.shape[0] // 2) * real.shape[1] + real.shape[1] // 2)
    low, high = float(rest.min()), float(rest.max())
    cells = [
        _zoomed(
            thumbnail(2 * (np.clip(one, low, high) - low) / max(high - low, 1e-9) - 1, f"{name}, spectrum"), "power"
        )
        for name, one in [
            ("Real", real),
            *((NAMES[each.upsampling][0], each.spectrum.log_power) for each in drawn),
        ]
    ]
    span = f"{number(10**low, digits=2)} black to {number(10**high, digits=2)} white"
    return _row("Spectrum, log", cells, f"frequency 0 in the middle, 2 px at the rim; power {span}")


def _radial_row(race: "Race", drawn: "Sequence[Drawn]") -> str:
    every = np.concatenate([race.real.radial, *(one.spectrum.radial for one in drawn)])
    low = np.log10(max(_DARKEST, float(every.min())))
    high = max(np.log10(max(_DARKEST, float(every.max()))), low + 1)
    width = float(race.real.radii[-1])

    def curve(radii: np.ndarray, radial: np.ndarray, kind: str) -> str:
        up = (np.log10(np.maximum(radial, _DARKEST)) - low) / (high - low)
        return _line(radii / width, up, kind)

    real = curve(race.real.radii, race.real.radial, "other")
    axes = number(10**high, digits=2), number(10**low, digits=2), "0", f"{number(width, digits=2)} cycles/px"
    cells = [_chart(curve(race.real.radii, race.real.radial, "own"), axes, "Real data, radial spectrum")]
    for one in drawn:
        lines = real + curve(one.spectrum.radii, one.spectrum.radial, "own")
        tip = "Power at"
        for period in (8, 4, 2):
            ring = int(np.abs(race.real.radii - 1 / period).argmin())
            values = number(float(one.spectrum.radial[ring])), number(float(race.real.radial[ring]))
            tip += f"\n1/{period} cycles per px: {values[0]}, real {values[1]}"
        cells.append(_chart(lines, axes, f"{NAMES[one.upsampling][0]}, radial spectrum", tip))
    return _row("Radial spectrum", cells, "mean power in rings, log; dashed: real data")


def _lines_row(race: "Race", drawn: "Sequence[Drawn]") -> str:
    cells = ["<span>1 at each</span>"]
    cells += [
        f"<dl><dt>1/4</dt><dd>{number(one.relative.quarter)}</dd><dt>1/8</dt><dd>{number(one.relative.eighth)}</dd></dl>"
        for one in drawn
    ]
    return _row("Other lines", cells, "4 and 8 px, over real data")


def _scores_row(race: "Race") -> str:
    found = [np.log10(np.clip(racer.scores, 1e-3, 1e3)) for racer in race.racers]
    curves = [
        (np.array(racer.measured_at) / max(1, race.planned), (scores + 3) / 6)
        for racer, scores in zip(race.racers, found, strict=True)
    ]
    even = '<path class="even" d="M0 50H100"/>'
    axes = "1,000", "0.001", "0", f"{count(race.planned)} steps"
    cells = ["", ""]
    for index, racer in enumerate(race.racers):
        others = "".join(_line(*curve, "faint") for at, curve in enumerate(curves) if at != index)
        lines = even + others + _line(*curves[index], "own")
        steps = zip(racer.measured_at, racer.scores, strict=True)
        tip = "\n".join(f"step {step}: score {number(score)}" for step, score in steps)
        cells.append(_chart(lines, axes, f"{NAMES[racer.upsampling][0]}, score over steps", tip))
    return _row("Score while learning", cells, "log; the line across is 1, faint the others")


def _loss_row(race: "Race") -> str:
    losses = np.concatenate([racer.loss for racer in race.racers])
    finite = losses[np.isfinite(losses) & (losses > 0)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.1, 1.0)
    span = max(np.log10(high / low), 1e-3)
    axes = number(high), number(low), "0", f"{count(race.planned)} steps"
    cells = ["", ""]
    for racer in race.racers:
        x = np.arange(1, len(racer.loss) + 1) / max(1, race.planned)
        up = np.log10(np.maximum(racer.loss, low) / low) / span
        last = racer.loss[-_LAST:]
        tip = f"mean of the last {len(last)} batches: {number(float(last.mean()))}" if len(last) else ""
        cells.append(_chart(_line(x, up, "own"), axes, f"{NAMES[racer.upsampling][0]}, loss", tip))
    return _row("Loss", cells, "mean squared error of each batch, log")


def _line(x: np.ndarray, up: np.ndarray, kind: str) -> str:
    """A curve through shares of the chart's width and height; what is not finite breaks it."""
    points, pen = [], "M"
    for across, high in zip(x, up, strict=True):
        if not np.isfinite(high):
            pen = "M"
            continue
        points.append(f"{pen}{100 * across:.1f} {100 * (1 - high):.1f}")
        pen = "L"
    return f'<path class="{kind}" d="{"".join(points)}"/>'


def _chart(body: str, axes: tuple[str, str, str, str], label: str, tip: str = "") -> str:
    """A small chart whose ends are written in HTML, so that no text is stretched: top, bottom, left, right."""
    top, bottom, left, right = (escape(end) for end in axes)
    hint = f' data-tip="{escape(tip)}"' if tip else ""
    return (
        f'<figure class="race-chart"{hint}><span>{top}</span>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">{body}</svg>'
        f"<span>{bottom}</span>"
        f"<figcaption><span>{left}</span><span>{right}</span></figcaption></figure>"
    )
