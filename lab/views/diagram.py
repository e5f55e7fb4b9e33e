"""The network as a schematic in the order of flow: what learns in the chosen stage is lit, the rest grey."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from lab.views.glossary import PARTS, STAGES, titled, word
from lab.views.panel import Panel, panel_html
from lab.views.style import count, escape

State = Literal["learns", "frozen", "stale", "untrained", "nothing"]
STATES: Mapping[str, str] = MappingProxyType(
    {
        "learns": "learns in this stage",
        "frozen": "frozen",
        "stale": "stale: train it again",
        "untrained": "not trained yet",
        "nothing": "nothing to learn",
    }
)
"""What each state is called in the legend and in the tips."""

WIDTH, HEIGHT = 1360, 232
# x, y, width, height of each part on the schematic
_BOXES: Mapping[str, tuple[int, int, int, int]] = MappingProxyType(
    {
        "augmenter": (66, 87, 116, 58),
        "adapter": (214, 87, 120, 58),
        "adapter_recon_head": (282, 6, 164, 48),
        "vitakka": (396, 87, 126, 58),
        "vicara": (586, 87, 176, 58),
        "samatha_recon_head": (592, 6, 164, 48),
        "sati": (820, 87, 130, 58),
        "santana": (632, 182, 208, 46),
        "vipassana": (878, 182, 216, 46),
        "aux_head": (962, 6, 136, 48),
        "answer": (1150, 87, 124, 58),
    }
)
# what flows: a path, whether it is thought itself or only a record of it
_FLOWS: tuple[tuple[str, str], ...] = (
    ("M40 116H64", "flow"),
    ("M182 116H212", "flow"),
    ("M334 116H394", "flow"),
    ("M364 116V56", "flow"),
    ("M522 116H584", "flow"),
    ("M674 87V56", "flow"),
    ("M762 116H818", "flow"),
    ("M950 116H1148", "flow"),
    ("M1030 116V56", "flow"),
    ("M885 145V154Q885 164 875 164H724Q714 164 714 154V147", "flow again"),
    ("M800 164V180", "flow record"),
    ("M840 205H876", "flow record"),
    ("M1030 116V180", "flow"),
    ("M1094 196H1202Q1212 196 1212 186V147", "flow"),
    ("M1094 215H1122", "flow"),
    ("M1274 116H1302", "flow"),
)
_INJECTION = ("M364 116V154Q364 164 374 164H612Q622 164 622 154V147", "flow")
# x, y, text, class
_LABELS: tuple[tuple[int, int, str, str], ...] = (
    (24, 121, "x", "end"),
    (350, 109, "z", "symbol"),
    (553, 110, "s₀", "symbol"),
    (790, 110, "sₜ", "symbol"),
    (688, 76, "sₜ", "symbol start"),
    (990, 110, "s*", "symbol"),
    (838, 159, "again", "symbol"),
    (1207, 178, "context", "symbol last"),
    (1130, 220, "trust, conformity, confidence", "start"),
    (1310, 121, "class", "end start"),
)
_DOTS = ((364, 116), (1030, 116), (800, 164))


@dataclass(frozen=True)
class Part:
    """One part as it is drawn: ``parameters`` is None when unknown, ``shape`` is what comes out of it."""

    key: str
    name: str
    gloss: str
    shape: str
    parameters: int | None
    state: State

    @property
    def tip(self) -> str:
        entry = word(self.key)
        learned = "–" if self.parameters is None else count(self.parameters)
        unit = "parameter" if self.parameters == 1 else "parameters"
        facts = [f"out: {self.shape}"] if self.shape else []
        facts += [f"{learned} {unit}"] if self.state != "nothing" else []
        facts.append(STATES[self.state])
        return f"{entry.name} · {entry.gloss}\n{' · '.join(facts)}\n{entry.help}"


@dataclass(frozen=True)
class DiagramInfo:
    """The parts in the order of flow, for the chosen stage (None: no stage chosen)."""

    parts: tuple[Part, ...]
    stage: int | None
    injected: bool
    """z reaches every step of thought (InjectedVicara)."""
    now: bool = False
    """The chosen stage is in training at this moment."""

    @property
    def text(self) -> str:
        lit = [part.name for part in self.parts if part.state == "learns"]
        where = "No stage is chosen" if self.stage is None else f"Stage {self.stage}"
        verb = "learning now" if self.now else "trains"
        return f"The network in the order of flow. {where}; {verb}: {', '.join(lit) or 'nothing'}."


def diagram(
    parts: Mapping[str, Mapping[str, Any]], stage: int | None = None, *, injected: bool = True, now: bool = False
) -> DiagramInfo:
    """The schematic of a network: ``parts[key]`` holds ``parameters``, ``shape`` and ``state``, all optional.

    ``now``: the stage is in training at this moment. Parts that are not named are drawn without facts.
    Raises ValueError for an unknown part or state.
    """
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise ValueError(f"The diagram has no part {unknown}; known: {', '.join(PARTS)}.")
    return DiagramInfo(tuple(_part(key, parts.get(key, {})) for key in PARTS), stage, injected, now)


def _part(key: str, facts: Mapping[str, Any]) -> Part:
    parameters = facts.get("parameters")
    idle = key in ("augmenter", "sati", "santana")
    state = "nothing" if idle else facts.get("state", "untrained")
    if state not in get_args(State):
        raise ValueError(f"{key} is in state {state!r}; known: {', '.join(get_args(State))}.")
    entry = word(key)
    return Part(key, entry.name, entry.gloss, str(facts.get("shape", "")), parameters, state)


def diagram_html(info: DiagramInfo) -> str:
    """The schematic as inline SVG, and in a narrow place the same parts as a list. The page's palette colours it."""
    flows = [*_FLOWS, _INJECTION] if info.injected else list(_FLOWS)
    lines = "".join(f'<path class="{kind}" d="{path}" marker-end="url(#flow-tip)"/>' for path, kind in flows)
    dots = "".join(f'<circle class="join" cx="{x}" cy="{y}" r="3"/>' for x, y in _DOTS)
    labels = "".join(f'<text class="{kind}" x="{x}" y="{y}">{text}</text>' for x, y, text, kind in _LABELS)
    if info.injected:
        labels += '<text class="symbol start" x="378" y="158">z again, at every step</text>'
    boxes = "".join(_box(part) for part in info.parts)
    svg = (
        f'<div class="network"><div class="network-scroll"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="group"'
        f' aria-label="{escape(info.text)}">{_DEFS}{_SETTLING}'
        f'<g aria-hidden="true">{lines}{dots}{labels}</g>{boxes}'
        f"{_legend(info)}</svg></div>{_list(info)}</div>"
    )
    return panel_html("diagram", _panel(info), svg)


def _panel(info: DiagramInfo) -> Panel:
    where = "No stage is chosen." if info.stage is None else f"Stage {info.stage} · {STAGES[info.stage].gloss}: "
    lit = ", ".join(part.name for part in info.parts if part.state == "learns")
    learning = "" if info.stage is None else f"{lit or 'nothing'} {'learns' if ',' not in lit else 'learn'}."
    idle = "What does a stage train?" if info.stage is None else f"What does stage {info.stage} train?"
    return Panel(
        "What learns now?" if info.now else idle,
        f"{where}{learning} Data flow from left to right; hover over a part for what it is.",
        "Lit parts are changed by the chosen stage, grey ones are frozen: neither their weights nor their statistics "
        "move. Hatched parts learned from an earlier version of what they stand on and should be trained again. "
        "Dashed parts have not been trained yet.",
        "",
        "satipatthana.core.SatipatthanaSystem.get_trainable_params",
    )


_DEFS = (
    '<defs><marker id="flow-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
    ' orient="auto-start-reverse"><path class="tip" d="M0.5 0.8L7 4L0.5 7.2z"/></marker>'
    '<pattern id="flow-hatch" width="7" height="7" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect class="hatch-ground" width="7" height="7"/>'
    '<rect class="hatch-line" width="2" height="7"/></pattern></defs>'
)
# the ground on which the parts of Samatha stand together
_SETTLING = (
    f'<g class="settling" tabindex="0" role="img" aria-label="{escape(word("samatha").help)}"'
    f' data-tip="{escape(titled("samatha"))}\n{escape(word("samatha").help)}">'
    '<rect x="52" y="64" width="910" height="108" rx="10"/>'
    f'<text class="start" x="66" y="81">{escape(titled("samatha"))}</text></g>'
)


def _box(part: Part) -> str:
    x, y, width, height = _BOXES[part.key]
    middle = x + width / 2
    radius = height / 2 if part.state == "nothing" else 6
    return (
        f'<g class="part {part.state}" tabindex="0" role="img" aria-label="{escape(part.tip)}"'
        f' data-tip="{escape(part.tip)}" data-part="{part.key}">'
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius:g}"/>'
        f'<text class="name" x="{middle:g}" y="{y + height / 2 - 4:g}">{escape(part.name)}</text>'
        f'<text class="gloss" x="{middle:g}" y="{y + height / 2 + 15:g}">{escape(part.gloss)}</text></g>'
    )


def _legend(info: DiagramInfo) -> str:
    here = "learns in this stage" if info.stage is None else f"learns in stage {info.stage}"
    learns, wide = ("learns now", 88) if info.now else (here, 134)
    x, out = 0, []
    for state, text, advance in (
        ("learns", learns, wide),
        ("frozen", "frozen", 62),
        ("stale", "stale", 52),
        ("untrained", "not trained yet", 120),
        ("nothing", "nothing to learn", 0),
    ):
        radius = 7 if state == "nothing" else 3
        out.append(
            f'<g class="part {state}"><rect x="{x}" y="203" width="20" height="14" rx="{radius}"/></g>'
            f'<text class="start" x="{x + 27}" y="215">{text}</text>'
        )
        x += 27 + advance
    return f'<g class="legend" aria-hidden="true">{"".join(out)}</g>'


def _list(info: DiagramInfo) -> str:
    rows = "".join(
        f'<li class="{part.state}" tabindex="0" data-tip="{escape(part.tip)}"><i></i>'
        f'<b>{escape(part.name)}</b><span class="gloss">{escape(part.gloss)}</span>'
        f'<span class="state">{escape(_short(part))}</span></li>'
        for part in info.parts
    )
    return f'<ol class="network-list">{rows}</ol>'


def _short(part: Part) -> str:
    if part.state == "nothing" or part.parameters is None:
        return STATES[part.state]
    return f"{STATES[part.state]}, {count(part.parameters)} parameters"
