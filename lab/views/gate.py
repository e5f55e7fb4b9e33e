"""The gate: what share of known and unknown inputs it lets in at every threshold, and whether it can tell them."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lab.views.multiples import tick_label
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.style import corner, escape, number, percent

if TYPE_CHECKING:
    from satipatthana.diagnostics.gate import GateCurve

PANEL = Panel(
    "Can the gate tell known from unknown?",
    "Share of inputs let in against the threshold. Good: the blue line stays up while the grey ones have fallen. Drag "
    "the handle (or focus it and press ← →): the shares below follow.",
    "A gate compares one cosine with its threshold and keeps out what lies below. The inference gate looks at the "
    "nearest of many gate keys, the training gate at the nearest probe, which is not where z lives: so it cannot tell, "
    "and stands open to let learning start. AUROC is the chance that a clean input looks more known than one of the "
    "other kind; below .5 the gate takes the unknown for more known than the known. A gate looks at z, before the "
    "first step: drunk inputs pass it as clean ones do, one line for both.",
    "open where similarity ≥ threshold; inference: max over keys of cos(W (z − μ), key); training: max cos(z, probe)",
    "satipatthana.diagnostics.gate.gate_curves, .open_share, .calibrate",
)
TITLES = {
    "inference": ("Inference gate", "largest cosine to a gate key"),
    "training": ("Training gate", "largest cosine to a probe or key"),
}
WORDS = {
    "none": "There is no network to look at yet. Open a run or start a new one.",
    "changes": {
        "inference": "Dropping the handle sets the gate of the Converge tab: the next thoughts there meet it. The run "
        "that is drawn here is not changed.",
        "training": "This only shows what such a gate would do. A run trains with it when it is begun so: "
        "--set samatha.vitakka.training_gate_threshold={at}. The run that is drawn here is not changed.",
    },
    "dropped": "Converge's gate now opens at {at}.",
    "open": "open",
}
TRAINED = ("gaussian", "uniform", "constant", "patch-shuffle", "inverted", "overlay")
NAMES = {"clean": "clean, drunk", "noise": "strongest training noise"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 620, 300, 66, 20, 30, 46
_SURE = 0.999


def gate_html(
    curves: "Sequence[GateCurve] | None",
    at: Mapping[str, float] | None = None,
    *,
    n: int = 0,
    seed: int = 0,
    missing: str = WORDS["none"],
) -> str:
    """Both gates as HTML. ``at`` are the thresholds to which handles were dragged, the network's own where none was."""
    if not curves:
        return panel_html("gate", PANEL, empty_html(missing, "Train", "tab:Train"))
    dragged = dict(at or {})
    gates = "".join(_gate(curve, dragged.get(curve.which)) for curve in curves)
    return panel_html("gate", PANEL, f'<div class="gates">{gates}</div>', corner=corner(n, seed))


def lowest(curve: "GateCurve") -> float:
    """Where the chart begins: just below the threshold at which the first input is shut out, on a round tenth."""
    everyone = np.min([share for share in curve.open.values()], axis=0)
    inside = np.flatnonzero(everyone >= _SURE)
    first = float(curve.thresholds[inside[-1]]) if len(inside) else -1.0
    return float(np.clip(np.floor(min(first, curve.calibrated) * 10) / 10, -1.0, 0.8))


def highest(curve: "GateCurve") -> float:
    """Where it ends: above the last threshold that anything passes, on a round tenth."""
    someone = np.max([share for share in curve.open.values()], axis=0)
    inside = np.flatnonzero(someone > 1 - _SURE)
    last = float(curve.thresholds[inside[-1]]) if len(inside) else 1.0
    return float(min(1.0, np.ceil(max(last, lowest(curve) + 0.2) * 10) / 10))


def _gate(curve: "GateCurve", dragged: float | None) -> str:
    title, axis = TITLES[curve.which]
    low, high = lowest(curve), highest(curve)
    at = curve.threshold if dragged is None else dragged
    rows = "".join(_row(curve, name, at) for name in sorted(curve.open, key=lambda name: _rank(curve, name)))
    changes = WORDS["changes"][curve.which].format(at=f"{at:.3g}")
    done = ""
    if dragged is not None and curve.which == "inference":
        done = f"<b>{WORDS['dropped'].format(at=number(at))}</b> "
    data = json.dumps(
        {
            "thresholds": [round(float(value), 3) for value in curve.thresholds],
            "open": {name: [round(float(value), 3) for value in share] for name, share in curve.open.items()},
        }
    )
    return (
        f'<div class="gate-one" data-gate="{curve.which}" data-curves="{escape(data)}">'
        f"<h4>{title} <span>threshold of the run {_place(curve.threshold)}, 3 % of the clean shut at "
        f"{number(curve.calibrated)}</span></h4>"
        f'<div class="gate-both"><div class="gate-scroll">{_chart(curve, low, high, at, axis)}</div>'
        '<table class="gate-table"><thead><tr><th scope="col">inputs</th><th scope="col">AUROC</th>'
        f'<th scope="col">let in at <output data-at>{number(at)}</output></th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f'</div><p class="lab-reading">{done}{escape(changes)}</p>'
        f'<button type="button" hidden data-drop data-act=""></button></div>'
    )


def _rank(curve: "GateCurve", name: str) -> tuple[int, float]:
    """Clean first, noise second, then what the gate tells worst."""
    return (("clean", "noise").index(name), 0.0) if name in ("clean", "noise") else (2, curve.auroc[name])


def _row(curve: "GateCurve", name: str, at: float) -> str:
    share = float(np.interp(at, curve.thresholds, curve.open[name]))
    auroc = curve.auroc.get(name)
    told = "–" if auroc is None else f"{auroc:.3f}"
    kind = _kind(name)
    below = ' data-below=""' if auroc is not None and auroc < 0.5 else ""
    note = "" if kind != "held" else "<small>never trained on</small>"
    return (
        f'<tr data-family="{escape(name)}"{below}><th scope="row"><i class="gate-key {kind}"></i>'
        f"{escape(NAMES.get(name, name))} {note}</th><td>{told}</td><td data-share>{percent(share)}</td></tr>"
    )


def _kind(name: str) -> str:
    return name if name in ("clean", "noise") else "trained" if name in TRAINED else "held"


def _chart(curve: "GateCurve", low: float, high: float, at: float, axis: str) -> str:
    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(value: float) -> float:
        return LEFT + (min(max(value, low), high) - low) / (high - low) * (right - LEFT)

    def line(name: str) -> str:
        points = " ".join(
            f"{x(float(place)):.1f},{floor - float(share) * (floor - TOP):.1f}"
            for place, share in zip(curve.thresholds, curve.open[name], strict=True)
            if low - 1e-6 <= place <= high + 1e-6
        )
        told = "" if name == "clean" else f"\nAUROC against clean {curve.auroc[name]:.3f}"
        tip = escape(f"{NAMES.get(name, name)}{told}")
        return (
            f'<polyline class="gate-line {_kind(name)}" data-line="{escape(name)}" data-tip="{tip}" points="{points}"/>'
        )

    lines = "".join(line(name) for name in sorted(curve.open, key=lambda name: -_rank(curve, name)[0]))
    grid = "".join(
        f'<path class="chart-grid" d="M{LEFT} {y:.1f}H{right}"/>'
        f'<text class="chart-y" x="{LEFT - 14}" y="{y + 5:.1f}">{100 * share:.0f} %</text>'
        for share, y in ((part, floor - part * (floor - TOP)) for part in (0, 0.25, 0.5, 0.75, 1))
    )
    step = 0.1 if high - low <= 0.8 else 0.2 if high - low <= 1.2 else 0.5
    ticks = "".join(
        f'<text class="chart-x" x="{x(tick):.1f}" y="{floor + 23}">{tick_label(tick)}</text>'
        for tick in np.arange(np.ceil(low / step - 1e-6) * step, high + 1e-6, step).round(2)
    )
    mark = (
        f'<path class="chart-mark" d="M{x(curve.calibrated):.1f} {TOP}V{floor}"/>'
        f'<text class="gate-mark" x="{x(curve.calibrated):.1f}" y="16">3 % of clean shut</text>'
    )
    place = x(at)
    handle = (
        f'<g class="gate-handle" data-handle transform="translate({place:.1f} 0)" role="slider" tabindex="0" '
        f'aria-label="{TITLES[curve.which][0]}: threshold" aria-valuemin="-1" aria-valuemax="1" '
        f'aria-valuenow="{at:.3f}" data-value="{at:.3f}"><rect x="-12" y="{TOP}" width="24" height="{floor - TOP}"/>'
        f'<path d="M0 {TOP}V{floor}"/><circle cy="{floor}" r="9"/></g>'
    )
    return (
        f'<svg class="gate-chart" viewBox="0 0 {WIDTH} {HEIGHT}" data-low="{low:.3f}" '
        f'data-high="{high:.3f}" data-left="{LEFT}" '
        f'data-right="{right}" style="width:{WIDTH / 16:g}rem;height:{HEIGHT / 16:g}rem">{grid}{ticks}{lines}{mark}'
        f'<text class="chart-x" x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 6}">threshold: {axis}</text>{handle}</svg>'
    )


def _place(threshold: float) -> str:
    return f"{number(threshold)} ({WORDS['open']})" if threshold <= -1 else number(threshold)
