"""The palette keeps its promises, numbers are written as people read them."""

import itertools

import numpy as np
import pytest

from lab.views import style

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
VISIONS = {
    "normal": np.eye(3),
    "deuteranope": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "protanope": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


def linear(colour: str) -> np.ndarray:
    srgb = np.array([int(colour[index : index + 2], 16) for index in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return lab @ np.cbrt(lms @ np.clip(rgb, 0, 1))


def test_contrast_is_black_on_white():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("dark", [False, True])
def test_text_is_readable_and_marks_are_seen(dark):
    colours = style.palette(dark)
    for name in ("ink", "quiet", "accent", "sober-ink", "drunk-ink", "good", "bad"):
        for ground in ("ground", "panel"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    marks = ["sober", "drunk", *(f"path-{path}" for path in style.PATHS), *(f"stage-{k}" for k in range(4))]
    for name in marks:
        assert contrast(colours[name], colours["panel"]) >= 3, name


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("dark", [False, True])
def test_classes_and_minds_stay_apart_also_for_the_colour_blind(dark, vision):
    colours = [*style.class_colours(dark), style.palette(dark)["sober"], style.palette(dark)["drunk"]]
    seen = [oklab(VISIONS[vision] @ linear(colour)) for colour in colours]
    nearest = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
    assert nearest > 0.07


def test_light_and_dark_have_the_same_names_and_css_carries_them_all():
    assert list(style.LIGHT) == list(style.DARK)
    css = style.css_variables()
    light, dark = css.split(".dark")
    for name in style.LIGHT:
        assert f"--{name}:{style.LIGHT[name]}" in light
        assert f"--{name}:{style.DARK[name]}" in dark


def test_sober_is_blue_and_drunk_vermilion_and_paths_follow():
    assert (style.LIGHT["sober"], style.LIGHT["drunk"]) == ("#0072B2", "#D55E00")
    assert style.path_colour("drunk") == style.LIGHT["drunk"]
    assert style.path_colour("void_gaussian") == style.path_colour("void")
    assert style.path_colour("mismatch_same_class") == style.path_colour("mismatch")
    assert style.class_colour(13) == style.class_colour(3)


def test_template_draws_nothing_small_and_is_a_plotly_template():
    import plotly.graph_objects as go

    for dark in (False, True):
        go.Figure(layout={"template": style.template(dark)})
    fonts = [style.template()["layout"]["font"], style.template()["layout"]["xaxis"]["tickfont"]]
    assert min(font["size"] for font in fonts) >= 14


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.062, "0.0620"),
        (14659, "14,700"),
        (9.996, "10.0"),
        (-0.5, "−0.500"),
        (0, "0"),
        (1.2e-5, "1.2·10⁻⁵"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_number(value, text):
    assert style.number(value) == text


def test_numbers_with_units():
    assert style.number(16.44, "steps/s") == "16.4 steps/s"
    assert [style.percent(share) for share in (0.9721, 0.04, 1.0, None)] == ["97.2 %", "4.0 %", "100 %", "–"]
    assert [style.duration(s) for s in (7.25, 59.7, 65, 7800)] == ["7.2 s", "1 min 00 s", "1 min 05 s", "2 h 10 min"]
    assert style.count(14659) == "14,659"
    assert style.corner(1000, 0) == "n = 1,000 · seed 0"
    assert style.corner() == ""


def test_what_people_type_cannot_become_markup():
    assert style.escape('<b onclick="x">\'&') == "&lt;b onclick=&quot;x&quot;&gt;&#x27;&amp;"


def test_diverging_scale_is_the_same_in_figures_and_in_css():
    assert style.diverging_css(-1) == "color-mix(in oklab,var(--diverging-0),var(--diverging-1) 0%)"
    assert style.diverging_css(1) == "color-mix(in oklab,var(--diverging-5),var(--diverging-6) 100%)"
    assert style.diverging_css(7) == style.diverging_css(1)
    stops = style.diverging()
    assert [stop for stop, _ in stops] == pytest.approx([index / 6 for index in range(7)])
    assert f"--diverging-6:{stops[-1][1]}" in style.css_variables()
