"""The manners of every picture, defined once: palette, numbers, plotly template, CSS variables.

Minds and paths are Okabe and Ito's colour-blind-safe set (2008). The ten class hues were chosen to stay apart,
from each other and from the two minds, in normal, deuteranope and protanope vision (Machado 2009, distance in
Oklab). Every colour has a light and a dark form. Text colours (`ink`, `quiet`, `accent`, `sober-ink`,
`drunk-ink`, `good`, `bad`) reach a contrast of 4.5 on `ground` and `panel`; minds, paths and stages, which are
marks, reach 3 on `panel`; tests hold all of this. Meaning never hangs on colour alone.
"""

import html
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
MONO = "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'Liberation Mono', monospace"
FONT_SIZE = 14
"""Pixels: nothing on the page is smaller."""

PATHS = ("clean", "augmented", "drunk", "mismatch", "void")
N_CLASSES = 10
N_STAGES = 4

# Chrome is neutral; teal (one hue, four steps) is used for the process: stages, progress, what learns. Blue
# and vermilion belong to the two minds.
LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "ground": "#F3F4F2",
        "panel": "#FFFFFF",
        "raised": "#E9ECEA",
        "line": "#D3D8D6",
        "quiet": "#566066",
        "ink": "#171C1F",
        "accent": "#00705A",
        "on-accent": "#FFFFFF",
        "sober": "#0072B2",
        "drunk": "#D55E00",
        "sober-ink": "#006AA6",
        "drunk-ink": "#B64A00",
        "good": "#00705A",
        "bad": "#B3261E",
        "path-clean": "#0072B2",
        "path-augmented": "#2C93CF",
        "path-drunk": "#D55E00",
        "path-mismatch": "#B35C8C",
        "path-void": "#4A4F52",
        "stage-0": "#2FA287",
        "stage-1": "#0E8A6F",
        "stage-2": "#006650",
        "stage-3": "#003F32",
        "class-0": "#3B419E",
        "class-1": "#D7A81B",
        "class-2": "#007969",
        "class-3": "#78256F",
        "class-4": "#1B9DCA",
        "class-5": "#8C1D23",
        "class-6": "#09C4AF",
        "class-7": "#8E5300",
        "class-8": "#ADA3FF",
        "class-9": "#6C9969",
    }
)
DARK: Mapping[str, str] = MappingProxyType(
    {
        "ground": "#101315",
        "panel": "#1A1E21",
        "raised": "#262C2F",
        "line": "#394145",
        "quiet": "#A6B0B4",
        "ink": "#EDF1F1",
        "accent": "#45C4A3",
        "on-accent": "#06231B",
        "sober": "#56AEE6",
        "drunk": "#F58B4C",
        "sober-ink": "#56AEE6",
        "drunk-ink": "#F58B4C",
        "good": "#45C4A3",
        "bad": "#FF8A80",
        "path-clean": "#56AEE6",
        "path-augmented": "#A5D6F3",
        "path-drunk": "#F58B4C",
        "path-mismatch": "#DE93BC",
        "path-void": "#BFC7CA",
        "stage-0": "#1F7A66",
        "stage-1": "#2FA085",
        "stage-2": "#45C4A3",
        "stage-3": "#A3E8D2",
        "class-0": "#606ADA",
        "class-1": "#FFDE3F",
        "class-2": "#397952",
        "class-3": "#B34492",
        "class-4": "#99F8F9",
        "class-5": "#F177BD",
        "class-6": "#1AA68E",
        "class-7": "#9F7F18",
        "class-8": "#D5BFFF",
        "class-9": "#8ADA90",
    }
)

# Purple - neutral - orange: apart for the common colour-blindnesses, and neither mind's colour.
_DIVERGING = {
    False: ("#4B2A86", "#8F7FBE", "#D6D2E6", "#F7F6F3", "#F8D9A8", "#DE8F2B", "#8A4B00"),
    True: ("#C3B1F0", "#8B78C4", "#4C4370", "#22272A", "#6B4A1E", "#C0812C", "#FFC978"),
}


def palette(dark: bool = False) -> Mapping[str, str]:
    """Every named colour as ``#RRGGBB``; the same names in light and dark."""
    return DARK if dark else LIGHT


def class_colour(index: int, dark: bool = False) -> str:
    """The fixed hue of a class; beyond ten classes the hues repeat."""
    return palette(dark)[f"class-{index % N_CLASSES}"]


def class_colours(dark: bool = False) -> list[str]:
    return [class_colour(index, dark) for index in range(N_CLASSES)]


def stage_colour(stage: int, dark: bool = False) -> str:
    return palette(dark)[f"stage-{stage}"]


def path_colour(path: str, dark: bool = False) -> str:
    """The colour of a path; every family of void (``void_gaussian`` ...) shares one."""
    base = path.split("_")[0]
    return palette(dark)[f"path-{base if base in PATHS else 'void'}"]


def diverging(dark: bool = False) -> list[list[Any]]:
    """A plotly colour scale for quantities from -1 to 1."""
    steps = _DIVERGING[dark]
    return [[index / (len(steps) - 1), colour] for index, colour in enumerate(steps)]


def diverging_css(value: float) -> str:
    """The CSS colour of a value from -1 to 1 on the diverging scale, in whichever theme the page has."""
    place = (min(1.0, max(-1.0, value)) + 1) / 2 * (len(_DIVERGING[False]) - 1)
    below = min(int(place), len(_DIVERGING[False]) - 2)
    share = round(100 * (place - below))
    return f"color-mix(in oklab,var(--diverging-{below}),var(--diverging-{below + 1}) {share}%)"


def css_variables() -> str:
    """``:root{...}`` and ``.dark{...}``: every colour as a variable (``--sober``, ``--class-0``), and fonts.

    The diverging scale travels as ``--diverging-0`` ... ``--diverging-6``.
    """

    def block(dark: bool) -> str:
        pairs = [f"--{name}:{value}" for name, value in palette(dark).items()]
        pairs += [f"--diverging-{index}:{value}" for index, value in enumerate(_DIVERGING[dark])]
        return ";".join(pairs)

    root = f"{block(False)};--font:{FONT};--mono:{MONO};--text:{FONT_SIZE}px"
    return f":root{{{root};color-scheme:light}}\n.dark{{{block(True)};color-scheme:dark}}\n"


def template(dark: bool = False) -> dict[str, Any]:
    """A plotly template (plain dict): transparent ground, thin lines, 14 px, axis titles in quiet ink."""
    colour = palette(dark)
    axis = {
        "gridcolor": colour["line"],
        "linecolor": colour["line"],
        "zerolinecolor": colour["line"],
        "tickcolor": colour["line"],
        "tickfont": {"color": colour["quiet"], "size": FONT_SIZE},
        "title": {"font": {"color": colour["quiet"], "size": FONT_SIZE}, "standoff": 8},
        "automargin": True,
        "zeroline": False,
    }
    layout = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": FONT_SIZE, "color": colour["ink"]},
        "title": {"font": {"size": FONT_SIZE, "color": colour["ink"]}, "x": 0, "xanchor": "left"},
        "colorway": [colour["ink"], colour["sober"], colour["drunk"], *class_colours(dark)],
        "xaxis": axis,
        "yaxis": axis,
        "hoverlabel": {
            "bgcolor": colour["panel"],
            "bordercolor": colour["line"],
            "font": {"family": FONT, "size": FONT_SIZE, "color": colour["ink"]},
        },
        "annotationdefaults": {"font": {"size": FONT_SIZE, "color": colour["ink"]}, "showarrow": False},
        "legend": {"font": {"size": FONT_SIZE}, "bgcolor": "rgba(0,0,0,0)"},
        "margin": {"l": 56, "r": 16, "t": 28, "b": 44},
        "colorscale": {"diverging": diverging(dark)},
        "coloraxis": {"colorbar": {"outlinewidth": 0, "tickfont": {"color": colour["quiet"]}}},
    }
    return {"layout": layout}


# --- words and numbers -------------------------------------------------------------------------------------


def escape(text: object) -> str:
    """Text from a person, safe inside HTML and inside a quoted attribute."""
    return html.escape(str(text), quote=True)


def number(value: float | None, unit: str = "", digits: int = 3) -> str:
    """At most ``digits`` significant digits with the unit: ``.062`` is written 0.062; None and NaN a dash."""
    if value is None or not math.isfinite(value):
        return "–"
    text = _significant(float(value), digits)
    return f"{text} {unit}" if unit else text


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    rounded = round(value, digits - 1 - size)
    size = math.floor(math.log10(abs(rounded)))  # 9.996 rounds up into the next decade
    if size < -4 or size > 6:
        mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa}·10{power}".replace("-", "−")
    text = f"{rounded:,.{max(0, digits - 1 - size)}f}"
    return text.replace("-", "−")


def count(value: int) -> str:
    """A count of things that exist one by one, in full: 14,659."""
    return f"{int(value):,}"


def percent(share: float | None) -> str:
    """A share in [0, 1] as percent, at most one decimal: ``97.2 %``, ``4.0 %``, ``100 %``."""
    if share is None or not math.isfinite(share):
        return "–"
    value = 100 * share
    return f"{value:.0f} %" if round(value, 1) >= 100 else f"{value:.1f} %"


def duration(seconds: float | None) -> str:
    """Time for a person: ``8 s``, ``1 min 05 s``, ``2 h 10 min``."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def corner(n: int | None = None, seed: int | None = None) -> str:
    """The corner note of a statistical figure: ``n = 1,000 · seed 0``."""
    parts = [] if n is None else [f"n = {count(n)}"]
    return " · ".join(parts if seed is None else [*parts, f"seed {seed}"])
