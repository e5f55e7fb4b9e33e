"""Planes: one end or many is said in words, places are where they belong, both themes have their picture."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lab.views.planes import CutsInfo, planes_html
from lab.views.progress import Working
from lab.views.style import class_colour
from satipatthana.diagnostics.ground import Ground
from satipatthana.diagnostics.planes import Basins, Cut, Field, Planes

SIDE = 8
CLASSES = ("zero", "one", "<two>")


@pytest.fixture
def cut() -> Cut:
    corners = np.array([[0, 0], [4, 0], [2, 3]], np.float32)
    return Cut(np.zeros(3, np.float32), np.eye(2, 3, dtype=np.float32), corners, (-2.0, -3.0), (6.0, 5.0))


@pytest.fixture
def info(cut: Cut) -> CutsInfo:
    owner = np.zeros((SIDE, SIDE), np.int64)
    steps = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    basins = Basins(
        cut, owner, np.ones(1, np.float32), np.array([2]), np.zeros((1, 2), np.float32), np.zeros(1, np.float32),
        steps, 0.0,
    )  # fmt: skip
    tails = np.stack(np.meshgrid(np.arange(-1.0, 5), np.arange(-2.0, 4)), axis=-1).reshape(-1, 2).astype(np.float32)
    answer = np.where(np.arange(SIDE) < 2, 0, 1)[None].repeat(SIDE, axis=0)
    field = Field(cut, answer, np.full((SIDE, SIDE), 7), tails, -tails)
    return CutsInfo(Planes((2, 1, 0), 6.7, basins, field), CLASSES, "test input 12", 3)


def pixels(html: str, theme: str) -> np.ndarray:
    uri = re.search(rf'when-{theme}" href="data:image/png;base64,([^"]+)"', html)
    assert uri
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.group(1)))))


def test_one_end_is_said_and_many_are_parted(info: CutsInfo):
    html = planes_html(info)
    assert "All starts come to one end" in html and "plane-border" not in html
    owner = np.zeros((SIDE, SIDE), np.int64)
    owner[:, 5:] = 1
    assert info.planes.basins is not None
    two = replace(
        info.planes.basins, owner=owner, shares=np.array([0.625, 0.375], np.float32), answers=np.array([2, 0]),
        ends=np.zeros((2, 2), np.float32), off=np.ones(2, np.float32), moving=0.25,
    )  # fmt: skip
    html = planes_html(replace(info, planes=replace(info.planes, basins=two)))
    assert "2 different ends" in html and "25.0 % of them had not come to rest" in html
    border = re.search(r'class="plane-border" d="([^"]+)"', html)
    assert border and border.group(1).count("v") == SIDE and set(re.findall(r"M([\d.]+)", border.group(1))) == {"225.0"}


def test_hue_is_the_class_and_opacity_the_steps(info: CutsInfo):
    html = planes_html(info)
    for theme, dark in (("light", False), ("dark", True)):
        shown = pixels(html, theme)
        hue = class_colour(2, dark)
        assert shown.shape == (SIDE, SIDE, 4)
        assert shown[0, 0].tolist() == [*(int(hue[i : i + 2], 16) for i in (1, 3, 5)), 255]
        assert shown[-1, -1, 3] == 76  # the slowest: .3 of 255


def test_the_three_states_stand_where_they_are(info: CutsInfo):
    html = planes_html(info)
    places = re.findall(r'class="plane-corner[^"]*" cx="([\d.]+)" cy="([\d.]+)"', html)[:3]
    # 8 units across 360 pixels from (-2, 5) at the top left
    assert [(float(x), float(y)) for x, y in places] == [(90, 225), (270, 225), (180, 90)]
    assert "this s*" in html and "s* of one" in html and "z of zero" in html


def test_the_field_names_its_answers(info: CutsInfo):
    html = planes_html(info)
    assert "75.0 %" in html and "25.0 %" in html and "7 steps to within 1 %" in html
    assert html.count("plane-arrows") == 1 and "&lt;two&gt;" in html


def test_the_ground_of_points(info: CutsInfo):
    ground = Ground((-1.0, -1.0), (1.0, 1.0), np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32))
    html = planes_html(replace(info, ground=ground, points=np.array([[0.0, 0.5]]), labels=np.array([1])))
    assert html.count('class="ground-dot" cx="180.0" cy="90.0"') == 2 and "n = 1" in html
    assert "Where does it trust" not in planes_html(info)


def test_what_is_not_there_yet(info: CutsInfo):
    assert "Cut the planes" in planes_html(None)
    assert "on one line" in planes_html(None, Working("failed", text="The three states lie on one line."))
    growing = planes_html(replace(info, planes=Planes((2, 1, 0), 6.7)), Working("running", 0, 2, "many starts"))
    assert "many starts" in growing and "<image" not in growing
    assert "another one now" in planes_html(replace(info, other_thought=True))
