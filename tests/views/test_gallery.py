"""Pictures: exact pixels, vectors too, rows that keep their place."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lab.views.gallery import data_uri, gallery_items, png, strip, strip_html, thumbnail, to_bytes


def test_bytes_of_a_picture():
    image = np.array([[[-1.0, 0.0], [1.0, 3.0]]])
    assert to_bytes(image).tolist() == [[0, 128], [255, 255]]
    assert to_bytes(image[0]).shape == (2, 2)
    assert to_bytes(np.zeros((3, 4, 5))).shape == (4, 5, 3)


def test_what_is_not_finite_is_drawn_black_or_white():
    assert to_bytes(np.array([[np.nan, np.inf, -np.inf]])).tolist() == [[0, 255, 0]]


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="1 or 3"):
        to_bytes(np.zeros((2, 4, 4)))
    with pytest.raises(ValueError, match="H, W"):
        to_bytes(np.zeros(4))


def test_png_is_read_back_pixel_by_pixel():
    image = np.linspace(-1, 1, 28 * 28).reshape(1, 28, 28)
    read = np.asarray(Image.open(io.BytesIO(png(image))))
    assert (read == to_bytes(image)).all()
    assert base64.b64decode(data_uri(image).split(",")[1]) == png(image)


def test_thumbnails_of_images_points_and_vectors():
    assert thumbnail(np.zeros((1, 4, 4)), "a <b>").startswith('<img class="pixels"')
    assert "a &lt;b&gt;" in thumbnail(np.zeros((1, 4, 4)), "a <b>")
    point = thumbnail(np.array([0.5, -0.25]), "point")
    assert 'cx="0.500"' in point
    assert 'cy="0.250"' in point  # up is positive
    assert thumbnail(np.array([0.5, -0.25, 1.0]), "vector").count("<rect") == 3


def test_gallery_items():
    items = gallery_items(np.zeros((2, 1, 4, 4)), ["7", "3"])
    assert [caption for _, caption in items] == ["7", "3"]
    assert items[0][0].dtype == np.uint8
    with pytest.raises(ValueError, match="2 images"):
        gallery_items(np.zeros((2, 1, 4, 4)), ["7"])


def test_the_strip_keeps_empty_rows():
    info = strip(np.zeros((8, 1, 4, 4)))
    html = strip_html(info)
    assert html.count("<img") == 8
    assert html.count("blank") == 16
    full = strip_html(strip(*[np.zeros((8, 1, 4, 4))] * 3, now_at="stage 1, step 315"))
    assert full.count("<img") == 24
    assert "stage 1, step 315" in full


def test_the_strip_of_nothing():
    html = strip_html(strip(np.zeros((0, 1, 4, 4))))
    assert html.count("blank") == 3
    with pytest.raises(ValueError, match="same"):
        strip(np.zeros((8, 1, 4, 4)), np.zeros((7, 1, 4, 4)))
