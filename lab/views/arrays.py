"""Arrays on their way to the page: base64 of a typed array, which JavaScript reads in one step.

Nested lists of 400,000 integers take the page seconds to read; the same as base64 a tenth of one.
"""

import base64
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

# by numpy's kind; what else numpy holds is brought to the nearest that travels
_TRAVELS = {"b": "u1", "u": "u1", "i": "i4", "f": "f4"}
_NAMES = ("u1", "u2", "i4", "f4")


def pack(array: ArrayLike) -> dict[str, Any]:
    """``{"dtype": "u1|u2|i4|f4", "shape": [...], "data": base64}``, little-endian, in C order.

    Booleans and unsigned bytes travel as u1, unsigned pairs of bytes as u2, other integers as i4, floats as f4 (NaN
    survives). Raises ValueError for what does not fit: other kinds, integers beyond i4.
    """
    values = np.asarray(array)
    name = _TRAVELS.get(values.dtype.kind)
    if name is None:
        raise ValueError(f"An array of {values.dtype} cannot travel to the page; make it bool, integer or float.")
    if name == "u1" and values.dtype.itemsize > 1:
        name = "u2" if values.dtype.itemsize == 2 else "i4"
    if name == "i4" and values.size and (values.max() >= 2**31 or values.min() < -(2**31)):
        raise ValueError(f"{values.max()} does not fit into 32 bits; send such integers as text.")
    travelling = np.ascontiguousarray(values, dtype=np.dtype(name).newbyteorder("<"))
    return {
        "dtype": name,
        "shape": list(values.shape),
        "data": base64.b64encode(travelling.tobytes()).decode("ascii"),
    }


def unpack(packed: dict[str, Any]) -> np.ndarray:
    """The array that `pack` packed. Raises ValueError if dtype, shape and data do not belong together."""
    if packed["dtype"] not in _NAMES:
        raise ValueError(f"dtype is {packed['dtype']!r}; expected one of {', '.join(_NAMES)}.")
    flat = np.frombuffer(base64.b64decode(packed["data"]), dtype=np.dtype(packed["dtype"]).newbyteorder("<"))
    return flat.reshape(packed["shape"]).astype(packed["dtype"])
