"""Inputs and decoded states as pictures: PNG data URIs, gallery items, and the strip of the same eight digits."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from lab.views.panel import Panel, panel_html
from lab.views.style import escape
from lab.views.thought import drawable

STRIP = Panel(
    "What does it draw?",
    "The same digits each time: as they are, as they were drawn at the last keyframe, and as they are drawn now.",
    "Before stage 1 the picture comes from z, through the stage-0 head; after that from the settled state s*. "
    "Early on the digits look alike; when they still look alike later, the network has collapsed. "
    "The inputs are clean and held out.",
    "",
    "satipatthana.core.SatipatthanaSystem.decode",
)


@dataclass(frozen=True)
class StripRow:
    """One row of the strip: what it shows and its samples (N, C, H, W) or (N, F); None: nothing to show yet."""

    label: str
    note: str
    samples: np.ndarray | None


@dataclass(frozen=True)
class StripInfo:
    rows: tuple[StripRow, ...]
    n: int
    """Columns, also where a row is still empty."""


def to_bytes(image: np.ndarray) -> np.ndarray:
    """An image (C, H, W) or (H, W) in [-1, 1] as unsigned bytes (H, W) or (H, W, 3). What is not finite is black.

    Raises ValueError for another shape or number of channels.
    """
    values = np.asarray(image, dtype=np.float32)
    if values.ndim == 2:
        values = values[None]
    if values.ndim != 3 or values.shape[0] not in (1, 3):
        raise ValueError(f"An image has shape (1 or 3, H, W) or (H, W); got {np.asarray(image).shape}.")
    scaled = np.nan_to_num((values + 1) * 127.5, nan=0.0, posinf=255.0, neginf=0.0)
    pixels = np.clip(np.round(scaled), 0, 255).astype(np.uint8)
    return pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)


def png(image: np.ndarray) -> bytes:
    """The PNG file of an image in [-1, 1]; the same image gives the same bytes."""
    file = io.BytesIO()
    Image.fromarray(to_bytes(image)).save(file, format="PNG", compress_level=6)
    return file.getvalue()


def data_uri(image: np.ndarray) -> str:
    """``data:image/png;base64,...`` of an image in [-1, 1]."""
    return f"data:image/png;base64,{base64.b64encode(png(image)).decode('ascii')}"


def thumbnail(x: np.ndarray, label: str, tip: str = "") -> str:
    """A sample as HTML: an image crisp at any size, a point in its plane, or a vector as bars.

    ``x`` is (C, H, W), (H, W) or (F,), in [-1, 1]; ``label`` is what a screen reader says, ``tip`` what hovering says.
    """
    hint = f' data-tip="{escape(tip)}"' if tip else ""
    values = np.asarray(x, dtype=np.float32)
    if values.ndim > 1:
        return f'<img class="pixels" src="{data_uri(values)}" alt="{escape(label)}"{hint}>'
    body = _point(values) if len(values) == 2 else _bars(values)
    return (
        '<svg class="pixels vector" viewBox="-1.1 -1.1 2.2 2.2" role="img"'
        f' aria-label="{escape(label)}"{hint}>{body}</svg>'
    )


def _point(values: np.ndarray) -> str:
    x, y = (float(value) for value in np.clip(np.nan_to_num(values), -1.05, 1.05))
    return (
        '<path class="vector-axes" d="M-1 0H1M0 -1V1"/>'
        f'<circle class="vector-point" cx="{x:.3f}" cy="{-y:.3f}" r="0.12"/>'
    )


def _bars(values: np.ndarray) -> str:
    width = 2 / max(1, len(values))
    tops = np.clip(np.nan_to_num(values), -1.05, 1.05)
    bars = "".join(
        f'<rect class="vector-point" x="{-1 + index * width:.3f}" y="{-max(0.0, float(value)):.3f}"'
        f' width="{0.8 * width:.3f}" height="{max(0.02, abs(float(value))):.3f}"/>'
        for index, value in enumerate(tops)
    )
    return f'<path class="vector-axes" d="M-1 0H1"/>{bars}'


def gallery_items(images: np.ndarray, labels: Sequence[str]) -> list[tuple[np.ndarray, str]]:
    """Images (N, C, H, W) in [-1, 1] as (bytes, caption) pairs for a gallery.

    Raises ValueError when there are not as many labels as images.
    """
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images with {len(labels)} labels; give one each.")
    return [(to_bytes(image), str(label)) for image, label in zip(images, labels, strict=True)]


def strip(
    inputs: np.ndarray,
    now: np.ndarray | None = None,
    before: np.ndarray | None = None,
    *,
    now_at: str = "",
    before_at: str = "",
) -> StripInfo:
    """The live strip: inputs (N, ...), as they are drawn now and as they were at the last keyframe.

    ``now_at`` and ``before_at`` say when ("stage 1, step 315"). Raises ValueError for rows of different length.
    """
    for name, row in (("now", now), ("before", before)):
        if row is not None and len(row) != len(inputs):
            raise ValueError(f"{name} shows {len(row)} samples, the inputs are {len(inputs)}; give the same ones.")
    rows = (
        StripRow("input", "clean", inputs if len(inputs) else None),
        StripRow("at the last keyframe", before_at or "none yet", before),
        StripRow("now", now_at or "not trained yet", now),
    )
    return StripInfo(rows, max(1, len(inputs)))


def strip_html(info: StripInfo) -> str:
    """The strip as HTML. Rows without samples keep their place, so that nothing jumps when they fill."""
    body = "".join(_strip_row(row, info) for row in info.rows)
    return panel_html("strip", STRIP, f'<div class="strip" style="--n:{info.n}">{body}</div>')


def _strip_row(row: StripRow, info: StripInfo) -> str:
    head = f'<div class="strip-label"><b>{escape(row.label)}</b> <span>{escape(row.note)}</span></div>'
    if row.samples is None:
        cells = '<span class="pixels blank"></span>' * info.n
    else:
        cells = "".join(thumbnail(x, f"{row.label}, digit {i + 1}") for i, x in enumerate(row.samples))
    return f'{head}<div class="strip-cells">{cells}</div>'


def gallery_payload(
    id: str, samples: Sequence[int], x: np.ndarray, labels: Sequence[str], chosen: int | None
) -> dict[str, Any]:
    """What `gallery.js` draws: inputs (N, C, H, W) or (N, 2) by their number; ``id`` changes when they do."""
    return {
        "id": " ".join((id, *map(str, samples))),
        "samples": list(samples),
        "labels": list(labels),
        "chosen": chosen,
        "images": drawable(x) if x.ndim == 4 else None,
        "points": drawable(x) if x.ndim == 2 else None,
    }
