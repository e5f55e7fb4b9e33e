"""What the tabs show of a network beside its thoughts: probes, decoders, the gate, the strip of digits, the parts.

Plain functions of a network and its data. Everything comes back as numpy in frozen dataclasses, ready for a view.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.data import DataBundle
    from satipatthana.diagnostics.collapse import ProbeAngles, Usage
    from satipatthana.diagnostics.context import ContextUse
    from satipatthana.train.records import StageProgress

Part = Literal["validation", "test"]
STRIP = 8
FILM = 6  # states of a thought in the table of decoders, s_0 and s* among them


@dataclass(frozen=True, eq=False)
class Gallery:
    """Samples to choose from, by their number in the split."""

    samples: tuple[int, ...]
    x: np.ndarray
    """(N, *shape) in [-1, 1]."""
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ProbesLook:
    """K probes now and at initialisation; usage over `n` validation samples."""

    now: "ProbeAngles"
    start: "ProbeAngles"
    usage: "Usage"
    pictures: np.ndarray
    """(K, *shape): each probe through the head that draws states."""
    by_class: np.ndarray
    """(K, classes): share of each probe's winning samples that are of a class; a row of zeros: it never won."""
    order: tuple[int, ...]
    """The probes so that alike ones stand side by side."""
    n: int
    seed: int
    trained: str


@dataclass(frozen=True, eq=False)
class DecodersLook:
    """N samples through the decoders; pictures are (N, *shape)."""

    samples: tuple[int, ...]
    labels: tuple[str, ...]
    x: np.ndarray
    """As the network was given them, with their noise."""
    clean: np.ndarray
    stage0: np.ndarray | None
    """Drawn from z with adapter and head as stage 0 left them; None without a keyframe of stage 0."""
    drifted: np.ndarray
    """The same head behind today's adapter, which later stages moved away under it."""
    film: np.ndarray
    """(N, S, *shape): states decoded on their way from s_0 to s*."""
    film_at: tuple[int, ...]
    """Their steps; a thought that stopped earlier repeats its end."""
    probabilities: np.ndarray
    """(N, classes)."""
    without_context: np.ndarray
    """(N, classes): the same answer read from s* and a v_ctx of zeros."""
    context: "ContextUse"
    """Of all validation inputs with the same noise."""
    stage0_at: str


@dataclass(frozen=True, eq=False)
class StripLook:
    """The same few inputs, as they are drawn now and as they were at the last keyframe."""

    inputs: np.ndarray
    now: np.ndarray | None
    before: np.ndarray | None
    now_at: str
    before_at: str


def gallery(bundle: "DataBundle", n: int, part: Part = "test", also: int | None = None) -> Gallery:
    """The first `n` samples of a split in turns of class, so that a short gallery shows every class. `also`: a sample
    that takes the last one's place if it is not among them."""
    split = bundle.test if part == "test" else bundle.validation
    labels = split.y.numpy()
    # how many of its own class stand before each sample: one turn after the other, each in the stored order
    turn = np.zeros(len(labels), dtype=int)
    for label in np.unique(labels):
        turn[labels == label] = np.arange(int((labels == label).sum()))
    chosen = np.lexsort((labels, turn))[:n]
    if also is not None and also not in chosen:
        chosen[-1] = also
    names = tuple(bundle.class_names[int(label)] for label in labels[chosen])
    return Gallery(tuple(chosen.tolist()), split.x[chosen].numpy(), names)


def probes_look(
    system: "SatipatthanaSystem", start: "SatipatthanaSystem", bundle: "DataBundle", trained: str
) -> ProbesLook:
    """The probes of `system` beside those of `start`, the same network before any training."""
    from satipatthana.diagnostics.collapse import clustering_order, probe_angles, usage
    from satipatthana.diagnostics.observing import observing

    now = probe_angles(system.samatha.vitakka.directions)
    split = bundle.validation
    with observing(system):
        _, meta = system.samatha.vitakka(_encode(system, split.x), threshold=-1.0)
        pictures = system.decode(system.probes)
    by_class = np.zeros((len(system.probes), bundle.n_classes), np.float32)
    np.add.at(by_class, (meta.winner.numpy(), split.y.numpy()), 1)
    return ProbesLook(
        now=now,
        start=probe_angles(start.samatha.vitakka.directions),
        usage=usage(meta.attention),
        pictures=pictures.numpy(),
        by_class=by_class / np.maximum(by_class.sum(axis=1, keepdims=True), 1),
        order=clustering_order(now.similarity),
        n=len(split),
        seed=system.config.seed,
        trained=trained,
    )


def decoders_look(
    system: "SatipatthanaSystem",
    stage0: "SatipatthanaSystem | None",
    bundle: "DataBundle",
    samples: Sequence[int],
    stage0_at: str,
    noise: float = 0.0,
) -> DecodersLook:
    """Test samples with noise of this sigma through every decoder. `stage0` is the network as stage 0 left it."""
    import torch

    from satipatthana.core.luck import LuckBySample
    from satipatthana.diagnostics.context import context_use
    from satipatthana.diagnostics.observing import observing

    rows = list(samples)
    x = bundle.test.x[rows]
    with observing(system):
        output = system(x, noise_level=noise, luck=LuckBySample(system.config.seed, rows))
        given, states = output.samatha.x_given, output.santana.to_tensor()
        at = film_steps(len(states) - 1)
        found = DecodersLook(
            samples=tuple(rows),
            labels=tuple(bundle.class_names[int(label)] for label in bundle.test.y[rows]),
            x=given.numpy(),
            clean=x.numpy(),
            stage0=None,
            drifted=system.reconstruct(output.samatha.z).numpy(),
            film=system.decode(states[list(at)].transpose(0, 1)).numpy(),
            film_at=at,
            probabilities=output.logits.softmax(dim=1).numpy(),
            without_context=system.logits(output.s_star, torch.zeros_like(output.insight.v_ctx)).softmax(dim=1).numpy(),
            context=context_use(system, bundle.validation.x, bundle.validation.y, noise),
            stage0_at=stage0_at,
        )
    if stage0 is None:
        return found
    with observing(stage0):
        return replace(found, stage0=stage0.reconstruct(stage0.samatha.adapter(given)).numpy())


def film_steps(last: int) -> tuple[int, ...]:
    """At most `FILM` steps from 0 to the last, closer together early on, where a thought moves most."""
    if last == 0:
        return (0,)
    return tuple(np.unique([0, *np.rint(np.geomspace(1, last, FILM - 1)).astype(int)]).tolist())


def strip_drawing(system: "SatipatthanaSystem", bundle: "DataBundle", settles: bool) -> np.ndarray:
    """(8, *shape): the first validation samples as the network draws them, from s* if it `settles`, else from z."""
    from satipatthana.diagnostics.observing import observing

    x = bundle.validation.x[:STRIP]
    with observing(system):
        if settles:
            return system.decode(system.think(x, threshold=-1.0).s_star).numpy()
        return system.reconstruct(system.samatha.adapter(x)).numpy()


def stage_facts(
    system: "SatipatthanaSystem", progress: "Sequence[StageProgress]", order: tuple[int, str] | None = None
) -> tuple[dict[str, Any], ...]:
    """What each stage card says, by its names of facts. `order`: the stage in training or paused, and which of both."""
    from satipatthana.core.system import LEARNS

    sizes = {name: parameters_of(part) for name, part in system.components().items()}
    return tuple(
        {
            "learns": LEARNS[one.stage],
            "parameters": sum(sizes[name] for name in LEARNS[one.stage]),
            "done": one.done,
            "planned": one.planned,
            "state": _state(one, order),
            "last_loss": one.last_loss,
        }
        for one in progress
    )


def _state(one: "StageProgress", order: tuple[int, str] | None) -> str:
    if order is not None and int(one.stage) == order[0]:
        return order[1]
    # a trainer that was left in the middle of a plan cannot know whether somebody goes on with it
    return "begun" if one.state == "training" else one.state


def part_facts(
    system: "SatipatthanaSystem", progress: "Sequence[StageProgress]", stage: int | None
) -> dict[str, dict[str, Any]]:
    """What the diagram says of each part: parameters, shape of what comes out, and its state in this stage."""
    from satipatthana.core.system import LEARNS

    config = system.config
    d, k = config.samatha.vitakka.dim, config.samatha.vitakka.n_probes
    x = " x ".join(map(str, config.x_shape))
    shapes = {
        "augmenter": x,
        "adapter": f"z, {d} numbers",
        "adapter_recon_head": x,
        "vitakka": f"s₀, {d} numbers, from {k} probes",
        "vicara": f"the next state, {d} numbers",
        "samatha_recon_head": x,
        "sati": "still or not, per sample",
        "santana": f"s₀ … s*, {d} numbers each",
        "vipassana": f"three scores, {config.vipassana.context_dim} numbers of context",
        "aux_head": f"{config.n_classes} classes",
        "answer": f"{config.n_classes} classes",
    }
    facts: dict[str, dict[str, Any]] = {name: {"shape": shape} for name, shape in shapes.items()}
    for name, part in system.components().items():
        trained_by = [one for one in progress if name in LEARNS[one.stage]]
        state = "frozen" if any(one.ever for one in trained_by) else "untrained"
        if any(one.state == "stale" for one in trained_by):
            state = "stale"
        if any(int(one.stage) == stage for one in trained_by):
            state = "learns"
        facts[name] |= {"parameters": parameters_of(part), "state": state}
    return facts


def parameters_of(part: Any) -> int:
    """How many numbers of it are learned."""
    return sum(parameter.numel() for parameter in part.parameters())


def _encode(system: "SatipatthanaSystem", x: "Tensor") -> "Tensor":
    import torch

    return torch.cat([system.samatha.adapter(part) for part in x.split(250)])
