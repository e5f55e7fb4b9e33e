"""Decay: what the Jacobian of one step predicts, and what was measured."""

import math
from typing import TYPE_CHECKING

import numpy as np

from lab.views.panel import Panel, panel_html
from lab.views.plot import Axis, Plot
from lab.views.style import count, escape, number

if TYPE_CHECKING:
    from satipatthana.diagnostics.settling import Chosen, Crowd, Settling

PANEL = Panel(
    "How fast does it settle, and why?",
    "Each dot is an eigenvalue of one step at the end: with all of them inside the circle, a small push dies out.",
    "Near its end a thought obeys the Jacobian of one step: each step is smaller than the one before by the largest "
    "modulus of an eigenvalue, the spectral radius. The largest singular value bounds what a single step can do; "
    "where it is far above the radius, pushes grow before they die. Early steps need not keep to this, so the fit to "
    "the thought's own steps, whose range is given, may differ.",
    "J = ∂f/∂s at s* (autograd, float64); predicted max |λ(J)|; measured exp(slope of log step size), "
    "on the steps between 10⁻⁵ and 10⁻¹⁰ of the first",
    "satipatthana.diagnostics.jacobian.spectrum, .convergence.fit_rates",
)
SCATTERED = 300
"""Dots of the crowd that are drawn at most."""
SQUARE = 290


def decay_html(found: "Settling", note: str) -> str:
    """The panel for the chosen minds, with the crowd once it is known."""
    first = next(iter(found.minds.values()))
    facts = "".join(_facts(name, one) for name, one in found.minds.items())
    charts = f"{_circle(first)}{_scatter(found.crowd)}"
    content = f'<div class="plots">{charts}<div class="settling-facts">{facts}</div></div>'
    return panel_html("settling-decay", PANEL, content, corner=note)


def _facts(name: str, one: "Chosen") -> str:
    verdict = one.verdict
    a, b = verdict.fitted
    own = f"steps {a} to {b}" if b else "fewer than three steps"
    late = f"steps {one.measured_on[0]} to {one.measured_on[1]}" if one.measured_on[1] else "never that near its end"
    cells = (
        ("rate, its own steps", number(_known(verdict.rate)), own),
        ("rate, measured late", number(_known(one.measured)), late),
        ("rate, predicted", number(one.predicted), "spectral radius at the end"),
        ("largest singular value", number(one.norm), "most that one step stretches"),
    )
    rows = "".join(
        f"<div><dt>{title}</dt><dd><b>{value}</b> <span>{escape(gloss)}</span></dd></div>"
        for title, value, gloss in cells
    )
    return f'<p class="settling-mind" style="color:var(--{name}-ink)">{name}</p><dl class="facts">{rows}</dl>'


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _circle(one: "Chosen") -> str:
    reach = max(1.1, 1.1 * float(np.abs(one.eigenvalues).max()))
    ticks = (-1.0, 0.0, 1.0)
    axis = Axis("real part of λ", -reach, reach, ticks)
    plot = Plot(axis, Axis("imaginary part of λ", -reach, reach, ticks), SQUARE + 24, SQUARE)
    turn = np.linspace(0, 2 * np.pi, 121)
    marks = [
        plot.line(np.cos(turn), np.sin(turn), "ink"),
        plot.line(one.predicted * np.cos(turn), one.predicted * np.sin(turn), "accent", ' stroke-dasharray="4 4"'),
        plot.dots(
            np.real(one.eigenvalues),
            np.imag(one.eigenvalues),
            "ink",
            3,
            [f"λ = {value.real:.3f} {value.imag:+.3f}i, |λ| = {abs(value):.3f}" for value in one.eigenvalues],
        ),
        plot.write(f"radius {number(one.predicted)}", 0, -0.2 * reach, "accent", "middle"),
        plot.write("1", 0.74, -0.78, "ink"),
    ]
    return plot.svg(f"{len(one.eigenvalues)} eigenvalues; the largest modulus is {number(one.predicted)}", marks)


def _scatter(crowd: "Crowd | None") -> str:
    if crowd is None:
        return ""
    known = np.flatnonzero(np.isfinite(crowd.measured))
    if len(known) < 2:
        return '<p class="plot-none">No test input comes so near its end that its late decay could be measured.</p>'
    shown = known[np.linspace(0, len(known) - 1, min(len(known), SCATTERED)).round().astype(int)]
    both = np.r_[crowd.predicted[known], crowd.measured[known]]
    low, high = math.floor(20 * float(both.min())) / 20, math.ceil(20 * float(both.max())) / 20
    ticks = (low, (low + high) / 2, high)
    plot = Plot(Axis("predicted rate", low, high, ticks), Axis("measured rate", low, high, ticks), SQUARE + 24, SQUARE)
    ends = np.array([low, high])
    marks = [
        plot.line(ends, ends, "quiet", ' stroke-dasharray="5 3"'),
        plot.dots(crowd.predicted[shown], crowd.measured[shown], "path-clean", 2.5),
        plot.write("as predicted", high - 0.09 * (high - low), high - 0.05 * (high - low), "quiet", "end"),
    ]
    medians = number(float(np.median(crowd.predicted))), number(float(np.median(crowd.measured[known])))
    drawn = "" if len(shown) == len(known) else f" {count(len(shown))} of {count(len(known))} drawn."
    caption = f"Median predicted {medians[0]}, measured {medians[1]}.{drawn}"
    chart = plot.svg("Predicted against measured rate of the test inputs", marks)
    return f'<figure class="plot-figure">{chart}<figcaption>{caption}</figcaption></figure>'
