"""The dials of an exhibit and its seed: a form that runs both sides again."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from lab.views.panel import Panel, panel_html
from lab.views.style import escape

DIALS = Panel(
    "What if it were set otherwise?",
    "Turn a dial or take another seed, and run both again. What was run before with the same dials is shown at once.",
    "A dial of the broken side moves the sickness, one of the fixed side the cure; a dial of both moves what they "
    "share. The seed is that of the weights, the order of the data and the noise. What was foretold held for the "
    "defaults.",
    "",
    "lab.exhibits.experiment.config_of",
)
SIDES = MappingProxyType(
    {
        "broken": '<i class="mark broken" title="of the broken side"></i>',
        "fixed": '<i class="mark fixed" title="of the fixed side"></i>',
        "both": '<i class="mark broken" title="of both sides"></i><i class="mark fixed"></i>',
    }
)
WORDS = {
    "again": "Run again",
    "reset": "Back to the defaults",
    "seed": "seed",
    "default": "default {value}",
}


@dataclass(frozen=True)
class DialInfo:
    """One dial as it was in the run that is shown."""

    name: str
    """As the page sends it back: ``side|path``."""
    label: str
    side: Literal["broken", "fixed", "both"]
    value: float | str
    default: float | str
    low: float
    high: float
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class DialsInfo:
    """All dials of an exhibit that has begun. ``error``: what was wrong with what was sent last."""

    number: int
    dials: tuple[DialInfo, ...]
    seed: int
    busy: bool = False
    error: str = ""


def dials_html(info: DialsInfo | None) -> str:
    """A form of dials and seed. None: the exhibit has not begun, for a guess is about the defaults."""
    if info is None:
        return ""
    fields = "".join(_dial(dial) for dial in info.dials)
    able = " disabled" if info.busy else ""
    seed = (
        f'<label class="dial seed"><span>{WORDS["seed"]}</span><input type="number" name="seed" value="{info.seed}" '
        f'data-default="0" min="0" step="1"><small>{WORDS["default"].format(value=0)}</small></label>'
    )
    form = (
        f'<form class="exhibit-dials" data-key="dials {info.number}" novalidate>'
        f'<div class="dials">{fields}{seed}</div><div class="dials-buttons">'
        f'<button type="submit" class="lab-button" data-act="run"{able}>{WORDS["again"]}</button>'
        f'<button type="button" class="lab-quiet-button" data-defaults>{WORDS["reset"]}</button></div></form>'
    )
    return panel_html("exhibit-again", DIALS, form, error_html(info.error))


def _dial(dial: DialInfo) -> str:
    name, default = escape(dial.name), escape(_written(dial.default))
    if dial.choices:
        options = "".join(
            f'<option value="{escape(choice)}"{" selected" if choice == dial.value else ""}>{escape(choice)}</option>'
            for choice in dial.choices
        )
        field = f'<select name="{name}" data-default="{default}">{options}</select>'
    else:
        field = (
            f'<input type="number" name="{name}" value="{escape(_written(dial.value))}" data-default="{default}" '
            f'min="{dial.low:g}" max="{dial.high:g}" step="any">'
        )
    return (
        f'<label class="dial"><span>{SIDES[dial.side]}{escape(dial.label)}</span>{field}'
        f"<small>{WORDS['default'].format(value=default)}</small></label>"
    )


def _written(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def error_html(error: str) -> str:
    """What was refused, in place."""
    return f'<p class="exhibit-error" role="alert">{escape(error)}</p>' if error else ""
