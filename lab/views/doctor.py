"""The doctor: the verdict with what it was read from, then the list of checks, as far as they have come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from lab.views.panel import Panel, panel_html
from lab.views.style import corner, count, escape, number

if TYPE_CHECKING:
    from satipatthana.diagnostics.doctor import Examination
    from satipatthana.diagnostics.findings import Finding, State, Table
    from satipatthana.diagnostics.triage import Figure

PANEL = Panel(
    "Is this run well?",
    "One verdict, then one line a check: ✓ passes, ! worth a look, ✕ fails, – cannot be told yet.",
    "The verdict is the first sickness of a written rule whose signs are there: untrained, gate shut, parallel probes, "
    "dead probes, all ends equal, decoder paints the mean. The first check names the known failures for which the run "
    "holds evidence: what shows is not yet what it comes of. The others are the founding document's lists for a loss "
    "that will not fall: what learns, what holds it, which gradients arrive, what passes through. All of it is "
    "measured on held-out inputs and on copies, so the run stays as it is.",
    "",
    "satipatthana.diagnostics.doctor.examine, .triage.triage",
)
STATES: "Mapping[State, tuple[str, str]]" = MappingProxyType(
    {"fail": ("✕", "fails"), "warn": ("!", "worth a look"), "pass": ("✓", "passes"), "unknown": ("–", "not told yet")}
)
"""State -> its mark and its word."""
EMPTY = "Not examined yet. “Examine this run” reads the verdict and goes through the checks: a few seconds."
EARLIER = "The weights have changed since: examine again."
_PROBES, _CONVERGE, _DECODERS = ("Probes", "Probes"), ("Converge", "Converge"), ("Decoders", "Decoders")
_GATE = ("The gate", "Probes/gates")
_CURVES, _NETWORK = ("Loss curves", "Train/curves"), ("The network", "Train/network")
PLACES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "causes": ("The failures", "Failures"),
        "trained": ("Stages", "Train/card-0"),
        "components": _NETWORK,
        "optimizer": _NETWORK,
        "moved": _PROBES,
        "losses": _CURVES,
        "gradients": _NETWORK,
        "norms": _CURVES,
        "finite": _CURVES,
        "z": _DECODERS,
        "s0": _CONVERGE,
        "s_star": _CONVERGE,
        "gates": _GATE,
        "similarity": _PROBES,
        "probes": _PROBES,
        "energy": _CONVERGE,
        "pictures": _DECODERS,
        "scores": ("Trust", "Trust"),
        "healthy": _CONVERGE,
        "untrained": ("Stages", "Train/card-0"),
        "gate shut": _GATE,
        "parallel probes": _PROBES,
        "dead probes": _PROBES,
        "all ends equal": _PROBES,
        "decoder paints the mean": _DECODERS,
    }
)
"""Check or verdict -> where it is shown: the name of the button, and the tab with the panel in it."""


@dataclass(frozen=True)
class DoctorInfo:
    """How far the examination is. ``found`` is None before its first piece."""

    found: "Examination | None" = None
    busy: bool = False
    done: int = 0
    total: int = 0
    text: str = ""
    """What is worked on, or what went wrong."""
    failed: bool = False
    earlier: bool = False
    """It is of weights that have changed since."""


def doctor_html(info: DoctorInfo) -> str:
    """The panel."""
    found = info.found
    parts = [_progress(info)]
    if found is not None:
        if found.triage is not None:
            parts.append(_verdict(found))
        parts += [_counts(found), _list(found.findings)]
    elif not info.busy and not info.failed:
        parts.append(f'<p class="doctor-note">{escape(EMPTY)}</p>')
    note = "" if found is None else corner(found.n, found.seed)
    return panel_html("doctor-panel", PANEL, *parts, corner=note)


def _progress(info: DoctorInfo) -> str:
    if info.failed:
        return f'<p class="lab-broken">{escape(info.text)}</p>'
    if info.busy:
        waiting = f"{info.done} of {info.total} pieces done: {info.text}" if info.total else "Waiting for its turn"
        share = info.done / info.total if info.total else 0
        bar = f'<span class="lab-progress"><i style="transform:scaleX({share:.3f})"></i></span>'
        return f'<p class="doctor-note" role="status">{bar} {escape(waiting)}</p>'
    if info.earlier:
        return f'<p class="doctor-note" role="status">{escape(EARLIER)}</p>'
    return ""


# --- the verdict ---------------------------------------------------------------------------------------------


def _verdict(found: "Examination") -> str:
    triage = found.triage
    assert triage is not None
    rule, verdict = triage.rule, triage.verdict
    state: State = "pass" if verdict == "healthy" else "warn" if verdict == "untrained" else "fail"
    signs = "".join(_sign(sign.verdict, sign.figures, sign.verdict == verdict, sign.present) for sign in triage.signs)
    remedy = f'<p class="doctor-remedy">{escape(rule.remedy)}</p>' if rule.remedy else ""
    return (
        f'<div class="doctor-verdict" data-state="{state}">{_mark(state)}<div><h4>{escape(_sentence(verdict))}</h4>'
        f"<p>{escape(rule.says)}</p>{remedy}</div>{_button(verdict)}</div>"
        f'<details class="doctor-rule"><summary>The rule and its figures</summary><table><thead><tr>'
        '<th scope="col">Sickness, in the order in which they are asked</th><th scope="col">Figure</th>'
        '<th scope="col">Here</th><th scope="col">Sick</th></tr></thead>'
        f"<tbody>{signs}</tbody></table></details>"
    )


def _sign(name: str, figures: "Sequence[Figure]", is_verdict: bool, present: bool) -> str:
    rows = []
    for index, figure in enumerate(figures):
        head = ""
        if index == 0:
            says = " · the verdict" if is_verdict else " · also there" if present else ""
            head = f'<th scope="rowgroup" rowspan="{len(figures)}">{escape(_sentence(name))}{says}</th>'
        limit = "told only" if figure.limit is None else f"{figure.sick} {number(figure.limit)}"
        rows.append(
            f"<tr{' data-sick' if figure.present else ''}>{head}<td>{escape(figure.name)}</td>"
            f'<td class="value">{number(figure.value)}</td><td class="limit">{escape(limit)}</td></tr>'
        )
    return "".join(rows)


# --- the list ------------------------------------------------------------------------------------------------


def _counts(found: "Examination") -> str:
    words = "".join(
        f"<li>{_mark(state)} {count(found.count(state))} {word}</li>"
        for state, (_, word) in STATES.items()
        if found.count(state)
    )
    return f'<ul class="doctor-counts">{words}</ul>' if words else ""


def _list(findings: "Sequence[Finding]") -> str:
    return f'<ul class="doctor-list">{"".join(map(_finding, findings))}</ul>' if findings else ""


def _finding(finding: "Finding") -> str:
    remedy = f'<p class="doctor-remedy">{escape(finding.remedy)}</p>' if finding.remedy else ""
    table = "" if finding.table is None else _table(finding.table)
    return (
        f'<li data-state="{finding.state}" data-check="{escape(finding.key)}">{_mark(finding.state)}'
        f"<div><h4>{escape(finding.question)}</h4><p>{escape(finding.evidence)}</p>{remedy}{table}</div>"
        f"{_button(finding.key)}</li>"
    )


def _table(table: "Table") -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in ("", *table.columns))
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f'<td class="value">{_figure(value)}</td>' for value in values)
        + "</tr>"
        for name, values in table.rows
    )
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<details><summary>Figures</summary>{whole}</details>"


def _figure(value: float | None) -> str:
    # parameters and steps exist one by one
    return count(int(value)) if value and value.is_integer() else number(value)


def _button(key: str) -> str:
    label, place = PLACES[key]
    return (
        f'<button class="doctor-go" type="button" data-page="view:{escape(place)}" title="Show where this is seen">'
        f"{escape(label)}</button>"
    )


def _mark(state: "State") -> str:
    mark, word = STATES[state]
    return f'<span class="doctor-mark" data-state="{state}" role="img" aria-label="{word}">{mark}</span>'


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
