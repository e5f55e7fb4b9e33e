"""Arrays survive the way to the page."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from lab.views.arrays import pack, unpack


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("bool", "u1"),
        ("uint8", "u1"),
        ("int64", "i4"),
        ("int8", "i4"),
        ("uint16", "u2"),
        ("float64", "f4"),
        ("float16", "f4"),
    ],
)
def test_kinds_that_travel(kind: str, name: str):
    values = np.array([[0, 1], [1, 0], [1, 1]], dtype=kind)
    packed = pack(values)
    assert (packed["dtype"], packed["shape"]) == (name, [3, 2])
    assert unpack(packed).dtype == np.dtype(name)
    assert np.array_equal(unpack(packed), values.astype(name))


@given(arrays_of.arrays(np.float32, arrays_of.array_shapes(min_side=0, max_dims=4), elements=st.floats(width=32)))
def test_floats_come_back_bit_for_bit(values: np.ndarray):
    back = unpack(pack(values))
    assert back.shape == values.shape
    assert back.tobytes() == values.tobytes()  # NaN and infinities too


def test_bytes_are_little_endian_and_in_c_order():
    values = np.array([[1, 2], [3, 4]], dtype=">i4").T
    assert base64.b64decode(pack(values)["data"]) == bytes([1, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0])


def test_what_cannot_travel_is_refused():
    with pytest.raises(ValueError, match="make it bool, integer or float"):
        pack(np.array(["text"]))
    with pytest.raises(ValueError, match="does not fit into 32 bits"):
        pack(np.array([2**40]))
    with pytest.raises(ValueError, match="does not fit into 32 bits"):
        pack(np.array([-(2**40), 0]))


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(ValueError, match="'f8'; expected one of u1, u2, i4, f4"):
        unpack({"dtype": "f8", "shape": [1], "data": ""})
    with pytest.raises(ValueError, match="reshape"):
        unpack({"dtype": "u1", "shape": [3], "data": "AAA="})
