"""Leave one void family out: the trust that was never shown a family, beside the headline."""

from collections.abc import Sequence
from typing import Protocol

from lab.views.doubt import IntervalLike, interval_html, share
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.style import corner, escape
from lab.views.trust import SeparationLike

PANEL = Panel(
    "Would it doubt what it was never shown?",
    "A row is a void family. Solid: as the run stands, trained on it. Hollow: trained again without it.",
    "A judge that has seen a family may have learnt that family and not doubt. So vipassana alone is trained again, "
    "once per family, on all the others, its metrics standardised without it too; one more is trained again on all, so "
    "that what training again changes is seen apart. Judged are held-out inputs, clean as the positive.",
    "",
    "satipatthana.diagnostics.leave_one_out.leave_one_out",
)
MISSING = "Not done yet. Vipassana is trained again once per void family, on a copy: half a minute on one core."


class LeftOutLike(Protocol):
    """As `satipatthana.diagnostics.leave_one_out.LeftOut`."""

    @property
    def family(self) -> str: ...
    @property
    def headline(self) -> SeparationLike: ...
    @property
    def again(self) -> SeparationLike: ...
    @property
    def without(self) -> SeparationLike: ...


def left_out_html(found: Sequence[LeftOutLike] | None, note: str, seed: int | None = None) -> str:
    """The panel as HTML; ``note`` says how far it is."""
    said = f'<p class="trust-note" role="status">{escape(note)}</p>' if note else ""
    if not found:
        return panel_html("left-out", PANEL, said or empty_html(MISSING))
    shown = [each.auroc.value for one in found for each in (one.headline, one.without) if each.auroc is not None]
    low = 0.5 if min(shown, default=1.0) >= 0.5 else 0.0
    heads = (
        "family",
        f"AUROC, {low:g} to 1",
        "trained on it",
        "trained again",
        "never shown",
        "gap: trained on it",
        "never shown",
    )
    head = "".join(f'<span role="columnheader"><b>{text}</b></span>' for text in heads)
    rows = "".join(_row(one, low) for one in found)
    head_row = f'<div class="left-row head" role="row">{head}</div>'
    table = f'<div class="trust-scroll"><div class="left-table" role="table">{head_row}{rows}</div></div>'
    return panel_html("left-out", PANEL, said, table, corner=corner(found[0].headline.n, seed))


def _row(one: LeftOutLike, low: float) -> str:
    cells = (
        escape(one.family),
        _dumbbell(one.headline.auroc, one.without.auroc, low),
        interval_html(one.headline.auroc),
        interval_html(one.again.auroc),
        interval_html(one.without.auroc),
        interval_html(one.headline.gap),
        interval_html(one.without.gap),
    )
    return f'<div class="left-row" role="row">{"".join(f"<span role=cell>{cell}</span>" for cell in cells)}</div>'


def _dumbbell(trained: IntervalLike | None, spared: IntervalLike | None, low: float) -> str:
    if trained is None or spared is None:
        return '<span class="figure none">–</span>'
    a, b = (100 * (one.value - low) / (1 - low) for one in (trained, spared))
    words = f"trained on it {share(trained.value)}, never shown {share(spared.value)}"
    return (
        f'<svg class="trust-whisker" viewBox="-6 0 112 20" role="img" aria-label="{words}" data-tip="{words}" '
        'style="--hue:var(--path-void)"><path class="frame" d="M0 10H100M0 4V16M100 4V16"/>'
        f'<path class="reach" d="M{a:.1f} 10H{b:.1f}"/>'
        f'<circle cx="{a:.1f}" cy="10" r="4"/><circle class="hollow" cx="{b:.1f}" cy="10" r="4"/></svg>'
    )
