"""A panel's head: the question it answers, one line on how to read it, and a "?" that says the rest."""

from dataclasses import dataclass
from typing import Any

from lab.views.style import escape


@dataclass(frozen=True)
class Panel:
    """``help`` is three sentences; ``formula`` and ``source`` (what computes it) may be empty."""

    question: str
    reading: str
    help: str
    formula: str = ""
    source: str = ""


def words(panel: Panel) -> dict[str, Any]:
    """The same for an instrument's JavaScript (`SatiLab.panel`)."""
    return {
        "question": panel.question,
        "reading": panel.reading,
        "help": [panel.help],
        "formula": panel.formula,
        "source": panel.source,
    }


def empty_html(text: str, button: str = "", page: str = "") -> str:
    """What is missing, and the button that leads to it: ``page`` is what `page.js` is to do, such as "tab:Train"."""
    press = f'<button class="lab-button" type="button" data-page="{escape(page)}">{escape(button)}</button>'
    return f'<div class="lab-empty"><p>{escape(text)}</p>{press if button else ""}</div>'


def panel_html(name: str, panel: Panel, *content: str, corner: str = "") -> str:
    """A panel as HTML, in the markup of `SatiLab.panel`; ``content`` is HTML.

    ``name`` is unique on the page. ``corner`` says sample size and seed.
    """
    return (
        f'<section class="lab-panel {name}" aria-labelledby="{name}-title">{panel_head(name, panel, corner)}'
        f"{''.join(content)}</section>"
    )


def panel_head(name: str, panel: Panel, corner: str = "") -> str:
    """The head alone, for a panel whose content is another component."""
    question = escape(panel.question)
    formula = f'<p class="lab-formula">{escape(panel.formula)}</p>' if panel.formula else ""
    source = f'<p class="lab-source">Computed by <code>{escape(panel.source)}</code></p>'
    note = f'<span class="corner">{escape(corner)}</span>' if corner else ""
    return (
        f'<header class="lab-panel-head"><h3 id="{name}-title">{question}</h3>{note}'
        f'<button class="lab-why" type="button" popovertarget="{name}-why" aria-label="About: {question}">?</button>'
        f'<p class="lab-reading">{escape(panel.reading)}</p>'
        f'<div class="lab-note-card" id="{name}-why" popover="auto" role="note"><h4>{question}</h4>'
        f"<p>{escape(panel.help)}</p>{formula}{source if panel.source else ''}</div></header>"
    )
