"""Thoughts -> the payload that the Converge instrument draws (`lab/web/converge.js`). Pure numpy.

A payload holds one thought of one or two minds at one or more keyframes, the map behind it, and what is known about how
far the map can be believed. The page scrubs it without asking again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lab.views.arrays import pack

if TYPE_CHECKING:
    from satipatthana.diagnostics.thought import Thought

Mind = Literal["sober", "drunk"]
Projection = Literal["pca", "umap", "axis"]
UmapState = Literal["working", "ready", "failed"]

_SCORES = ("trust", "conformity", "confidence")


@dataclass(frozen=True)
class About:
    """What was thought about, and how; ``sample`` and ``label`` are None for an input of the person's own."""

    run: str
    data: str
    classes: Sequence[str]
    mode: Literal["sober", "drunk", "both"] = "sober"
    sample: int | None = None
    label: str | None = None
    noise: float = 0.0
    seed: int = 0
    threshold: float = -1.0
    trained_steps: int | None = None
    """Length of the thoughts that the judge learned from; None when that is not known."""
    part: Literal["test", "train"] = "test"
    """The split that the sample is of."""
    blurs: bool = False
    """Early states were taught to look blurred."""
    switches: bool = False
    """The same question can be put to a network that was not, and back to this one."""


@dataclass(frozen=True)
class Cloud:
    """What stands behind the path: points (N, 2), their classes (N,), probes (K, 2), on one projection.

    ``explained`` is PCA's share of variance per axis. ``inputs`` (N, 2) are the points themselves, for data that live
    in a plane.
    """

    points: np.ndarray
    probes: np.ndarray
    labels: np.ndarray
    explained: Sequence[float] = ()
    inputs: np.ndarray | None = None


@dataclass(frozen=True)
class MindView:
    """One mind: row ``row`` of a Thought, its path (T+1, 2) on the PCA map and which steps of it are false (T,).

    ``verdict`` is what convergence was found to be, in words; None says nothing. ``neighbours`` (T+1, k) are the points
    of the frame's cloud that are nearest to each state in the latent space, nearest first.
    """

    thought: Thought
    path: np.ndarray
    false_motion: np.ndarray
    row: int = 0
    verdict: str | None = None
    neighbours: np.ndarray | None = None


@dataclass(frozen=True)
class Frame:
    """The thought at one keyframe. Without a cloud the payload's own one holds."""

    stage: int
    step: int
    global_step: int
    label: str
    minds: Mapping[Mind, MindView]
    cloud: Cloud | None = None
    learned: tuple[int, ...] = (0, 1, 2, 3)
    """The stages that had been trained by then, fully or not."""


@dataclass(frozen=True)
class StageMark:
    """Where a stage began and ended, in steps over the whole run."""

    stage: int
    start: int
    end: int


@dataclass(frozen=True)
class MapView:
    """A thought on another map than PCA's: the cloud as it is drawn there, and each mind's path and false motion."""

    cloud: Cloud
    paths: Mapping[Mind, np.ndarray]
    false_motion: Mapping[Mind, np.ndarray]
    honesty: Mapping[str, float | None] = field(default_factory=dict)


def thought_payload(
    *,
    id: str,
    about: About,
    target: np.ndarray,
    frames: Sequence[Frame],
    cloud: Cloud,
    honesty: Mapping[str, float | None] | None = None,
    stage_marks: Sequence[StageMark] = (),
    play: bool | None = None,
    replaying: bool = False,
) -> dict[str, Any]:
    """The payload of one thought; ``frames`` in order of training, the last is the present.

    ``target`` is the clean input (C, H, W) in [-1, 1], or a vector (n,). ``honesty`` belongs to the PCA map. ``play``
    says whether the page starts the clock by itself (None: the page decides). ``replaying``: the same thought with
    earlier frames will follow. Raises ValueError if there is no frame, a frame without a mind, or arrays of different
    length.
    """
    if not frames or any(not frame.minds for frame in frames):
        raise ValueError(f"A thought needs a frame and every frame a mind; got {len(frames)} frames.")
    view = next(iter(frames[-1].minds.values()))
    shape = np.shape(target)
    image = len(shape) == 3
    payload = {
        "id": id,
        "kind": "thought",
        "replaying": replaying,
        "about": {
            "run": about.run,
            "sample": about.sample,
            "part": about.part,
            "blurs": about.blurs,
            "switches": about.switches,
            "label": about.label,
            "noise": _finite(about.noise),
            "seed": about.seed,
            "threshold": _finite(about.threshold),
            "trained_steps": about.trained_steps,
            "mode": about.mode,
            "image": image,
            "channels": shape[0] if image else None,
            "height": shape[1] if image else None,
            "width": shape[2] if image else None,
            "classes": list(about.classes),
            "data": about.data,
        },
        "input": drawable(view.thought.x_given[view.row]),
        "target": drawable(target),
        "frames": [_frame(frame, about.classes) for frame in frames],
        "context": _context("pca", cloud),
        "honesty": {"pca": _numbers(honesty)} if honesty else {},
        "stage_marks": [{"stage": mark.stage, "from": mark.start, "to": mark.end} for mark in stage_marks],
    }
    return payload if play is None else {**payload, "play": play}


def umap_patch(id: str, state: UmapState, text: str = "", view: MapView | None = None) -> dict[str, Any]:
    """What is known of the UMAP map of thought ``id``; the page merges it in without moving the clock.

    While it is ``working`` or has ``failed``, ``text`` says so on the switch; ``ready`` needs the view.
    """
    if (state == "ready") != (view is not None):
        raise ValueError(
            f"The UMAP map is {state!r} {'without' if view is None else 'with'} a view: "
            "give the view when, and only when, it is ready."
        )
    patch: dict[str, Any] = {"kind": "umap", "id": id, "state": state, "text": text}
    if view is None:
        return patch
    return {**patch, **_on_map("umap", view)}


def axis_patch(id: str, first: int, second: int, view: MapView) -> dict[str, Any]:
    """Thought ``id`` on the axis from probe ``first`` to probe ``second``, merged in as the UMAP map is."""
    return {"kind": "axis", "id": id, "from": first, "to": second, **_on_map("axis", view)}


def _on_map(projection: Projection, view: MapView) -> dict[str, Any]:
    minds = {
        mind: {
            "map": {projection: pack(_floats(path))},
            "false_motion": {projection: pack(_flags(view.false_motion[mind]))},
        }
        for mind, path in view.paths.items()
    }
    return {
        "context": _context(projection, view.cloud),
        "minds": minds,
        "honesty": {projection: _numbers(view.honesty)},
    }


def waiting_payload(text: str) -> dict[str, str]:
    """What the instrument shows while something is under way: what for, and how long."""
    return {"kind": "waiting", "text": text}


def error_payload(text: str) -> dict[str, str]:
    """What happened and what to do about it, shown where the thought would have been."""
    return {"kind": "error", "text": text}


def empty_payload(text: str, action: str | None = None) -> dict[str, str]:
    """What is missing, with a button that makes it: pressing it triggers ``act`` (``action`` is what it says)."""
    return {"kind": "empty", "text": text} if action is None else {"kind": "empty", "text": text, "action": action}


def drawable(x: np.ndarray) -> dict[str, Any]:
    """An input or a decoded state as the page draws it: images (..., C, H, W) in [-1, 1] become bytes (..., H, W, C).

    A vector (n,) or a row of vectors (T, n) stays as it is, in floats. Raises ValueError for other shapes.
    """
    values = np.asarray(x)
    if values.ndim <= 2:
        return pack(_floats(values))
    if values.ndim > 4 or values.shape[-3] not in (1, 3):
        raise ValueError(f"An image has shape (..., C, H, W) with 1 or 3 channels; got {values.shape}.")
    pixels = np.nan_to_num((np.clip(values, -1, 1) + 1) * 127.5)
    return pack(np.moveaxis(np.rint(pixels).astype(np.uint8), -3, -1))


def _frame(frame: Frame, classes: Sequence[str]) -> dict[str, Any]:
    trained = {
        "stage": frame.stage,
        "step": frame.step,
        "global_step": frame.global_step,
        "label": frame.label,
        "learned": list(frame.learned),
    }
    drawn: dict[str, Any] = {
        "trained": trained,
        "minds": {mind: _mind(view, classes) for mind, view in frame.minds.items()},
    }
    return drawn if frame.cloud is None else {**drawn, "context": _context("pca", frame.cloud)}


def _mind(view: MindView, classes: Sequence[str]) -> dict[str, Any]:
    thought, row = view.thought, view.row
    n_steps = len(thought.step_size)
    lengths = {"path": (len(view.path), n_steps + 1), "false_motion": (len(view.false_motion), n_steps)}
    if view.neighbours is not None:
        lengths["neighbours"] = (len(view.neighbours), n_steps + 1)
    for name, (found, expected) in lengths.items():
        if found != expected:
            raise ValueError(f"{name} has {found} rows; a thought of {n_steps} steps has {expected}.")
    probabilities = thought.probabilities[:, row]
    return {
        "steps": int(thought.steps[row]),
        "decoded": drawable(thought.decoded[:, row]),
        "step_size": pack(_floats(thought.step_size[:, row])),
        "skipped": pack(_flags(thought.skipped[:, row])),
        "taken": pack(_flags(thought.taken[:, row])),
        "probe_cosine": pack(_floats(thought.probe_cosine[:, row])),
        "probabilities": pack(_floats(probabilities)),
        **{score: pack(_floats(getattr(thought, score)[:, row])) for score in _SCORES},
        "distance_to_end": pack(_floats(thought.distance_to_end[:, row])),
        "gate": _finite(thought.gate[row]),
        "gate_similarity": _finite(thought.gate_similarity[row]),
        "threshold": _finite(thought.threshold),
        "winner": int(thought.winner[row]),
        "map": {"pca": pack(_floats(view.path))},
        "false_motion": {"pca": pack(_flags(view.false_motion))},
        "answer": str(classes[int(np.argmax(probabilities[-1]))]),
        "verdict": view.verdict,
        "neighbours": None if view.neighbours is None else pack(np.asarray(view.neighbours).astype(np.uint16)),
    }


def _context(projection: Projection, cloud: Cloud) -> dict[str, Any]:
    context: dict[str, Any] = {
        projection: {"xy": pack(_floats(cloud.points)), "probes": pack(_floats(cloud.probes))},
        "label": pack(np.asarray(cloud.labels).astype(np.int32)),
        "explained": [float(share) for share in cloud.explained],
    }
    return context if cloud.inputs is None else {**context, "inputs": pack(_floats(cloud.inputs))}


def _floats(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)


def _flags(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=bool)


def _numbers(values: Mapping[str, float | None] | None) -> dict[str, float | None]:
    return {name: _finite(value) for name, value in (values or {}).items()}


def _finite(value: Any) -> float | None:
    """JSON has no NaN: what is not a number is absent."""
    return float(value) if value is not None and math.isfinite(value) else None
