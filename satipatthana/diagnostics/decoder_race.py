"""Which decoder paints checkerboards: every kind learns to draw the same thoughts, side by side."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn
from torch.nn import functional as F

from satipatthana.components.decoders import ImageReconHead, make_recon_head
from satipatthana.configs import StageConfig, Upsampling
from satipatthana.core.system import SatipatthanaSystem, generator_for
from satipatthana.diagnostics.checkerboard import (
    FlatField,
    Lines,
    Spectrum,
    flat_field,
    relative,
    score,
    spectrum,
)
from satipatthana.diagnostics.intervals import Interval
from satipatthana.diagnostics.observing import chunks, observing
from satipatthana.diagnostics.progress import Progress
from satipatthana.measures import mse
from satipatthana.train.trainer import learning_rate

KINDS: tuple[Upsampling, ...] = get_args(Upsampling)
PLAN = StageConfig(200, 3e-3, "onecycle", clip_norm=1.0)
"""As stage 1 trains its head, in fewer steps."""
BATCH = 32
ROUNDS = 8
"""Each decoder in turn takes its share of the steps, then all are measured; more often early, when most changes."""
MOST_STATES = 4000
MUCH = 3.0
"""How many times a score must be another's to be far above it."""
EXPECTED: tuple[tuple[Upsampling, Upsampling, float], ...] = (
    ("transpose3", "transpose", MUCH),
    ("transpose3", "pixelshuffle", MUCH),
    ("transpose", "resize", 1.0),
    ("pixelshuffle", "resize", 1.0),
)
"""Higher score, lower score, at least how many times: k3 far above k4 and pixel shuffle, and these above resize."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A decoder as it draws now, measured on held-out thoughts."""

    upsampling: Upsampling
    parameters: int
    pictures: Float32[np.ndarray, "N C H W"]
    """The shown thoughts."""
    error: float
    """Mean squared error."""
    spectrum: Spectrum
    relative: Lines
    """Each line to real data."""
    score: Interval
    """Of the Nyquist line, over draws of the held-out inputs."""
    flat: FlatField | None
    """Of the mean first feature map; None: this head has no map that doubles."""


@dataclass(frozen=True, eq=False)
class Racer(Drawn):
    """One that learned in the race."""

    loss: Float32[np.ndarray, " steps"]
    """Mean squared error of each training batch."""
    measured_at: tuple[int, ...]
    """Steps, from 0."""
    scores: tuple[float, ...]
    flats: tuple[float, ...]
    """Score, and standard deviation of the flat field, at each of these."""


@dataclass(frozen=True)
class Expectation:
    """That one decoder scores above another: ``times`` is by how much it does."""

    higher: Upsampling
    lower: Upsampling
    at_least: float
    times: float

    @property
    def holds(self) -> bool:
        return self.times > self.at_least


@dataclass(frozen=True, eq=False)
class Race:
    """All decoders after as many steps each."""

    racers: tuple[Racer, ...]
    own: Drawn
    """The head of the run itself, which learned longer and otherwise."""
    steps: int
    planned: int
    real: Spectrum
    targets: Float32[np.ndarray, "N C H W"]
    """The shown inputs, clean."""
    n: int
    """Held-out pictures behind errors and spectra."""
    n_train: int
    seed: int

    @property
    def order(self) -> tuple[Expectation, ...]:
        """What was expected, and what came out."""
        scores = {racer.upsampling: racer.score.value for racer in self.racers}
        return tuple(
            Expectation(higher, lower, at_least, scores[higher] / scores[lower] if scores[lower] > 0 else float("nan"))
            for higher, lower, at_least in EXPECTED
        )


@dataclass(frozen=True, eq=False)
class Thoughts:
    """Ends of thoughts and what they are of."""

    s_star: Float[Tensor, "N D"]
    x: Float[Tensor, "N C H W"]


def settled(system: SatipatthanaSystem, x: Float[Tensor, "N C H W"]) -> Thoughts:
    """The ends of clean thoughts with the gate open. The system is left as it was."""
    with observing(system):
        ends = [system.think(x[part.start : part.stop], threshold=-1.0).s_star for part in chunks(len(x))]
    return Thoughts(torch.cat(ends).cpu(), x.cpu())


def decoder_race(
    system: SatipatthanaSystem,
    train: Float[Tensor, "N *shape"],
    held_out: Float[Tensor, "M *shape"],
    *,
    shown: int = 6,
    plan: StageConfig = PLAN,
    rounds: int = ROUNDS,
) -> Iterator[Progress[Race]]:
    """Trains a fresh decoder of each kind on the same s* of ``train``, in the same order, and measures all on
    ``held_out``, of which the first ``shown`` are drawn; a found race after each of ``rounds``.

    Chance is a function of the system's seed; the system is only looked at. Raises ValueError for inputs that are no
    images, or when states are not finite.
    """
    if train.dim() != 4:
        raise ValueError(f"Inputs of shape {tuple(train.shape[1:])} have no pixels; open a run on images.")
    total = plan.n_steps * len(KINDS)
    yield Progress(0, total, text="thinking")
    known, unseen = settled(system, train[:MOST_STATES]), settled(system, held_out)
    if not bool(known.s_star.isfinite().all() and unseen.s_star.isfinite().all()):
        raise ValueError("Some states are not finite, so no decoder can learn from them; reset the run.")
    seed = system.config.seed
    order = _order(len(known.x), plan.n_steps, generator_for(seed, "decoder race", "order"))
    judge = _Judge(known, unseen, shown, seed)
    own = judge.drawn(deepcopy(system.samatha_recon_head).cpu(), system.config.recon.upsampling)
    lanes = [_Lane(kind, system, known, plan, judge) for kind in KINDS]
    for number in range(1, rounds + 1):
        until = round(plan.n_steps * (number / rounds) ** 1.5)
        for index, lane in enumerate(lanes):
            done = lane.steps * len(lanes) + index * (until - lane.steps)
            yield Progress(done, total, text=f"{lane.kind}: {lane.steps} of {plan.n_steps} steps")
            lane.train(known, order, until)
        race = Race(
            racers=tuple(lane.measured(judge) for lane in lanes),
            own=own,
            steps=until,
            planned=plan.n_steps,
            real=judge.real,
            targets=unseen.x[:shown].numpy(),
            n=len(unseen.x),
            n_train=len(known.x),
            seed=seed,
        )
        yield Progress(until * len(lanes), total, race, text=f"{until} of {plan.n_steps} steps each")


class _Judge:
    """Measures every decoder alike."""

    def __init__(self, known: Thoughts, unseen: Thoughts, shown: int, seed: int) -> None:
        self.known, self.unseen, self.shown, self.seed = known, unseen, shown, seed
        self.real = spectrum(unseen.x)

    def drawn(self, head: nn.Module, kind: Upsampling) -> Drawn:
        unseen = self.unseen
        with observing(head):
            pictures = torch.cat([head(unseen.s_star[part.start : part.stop]) for part in chunks(len(unseen.x))])
            flat = flat_field(head, self._typical(head)) if isinstance(head, ImageReconHead) else None
        found = spectrum(pictures)
        return Drawn(
            upsampling=kind,
            parameters=sum(parameter.numel() for parameter in head.parameters()),
            pictures=pictures[: self.shown].numpy(),
            error=float(mse(pictures, unseen.x).mean()),
            spectrum=found,
            relative=relative(found, self.real),
            score=score(found, self.real, self.seed),
            flat=flat,
        )

    def _typical(self, head: ImageReconHead) -> Float[Tensor, " C0"]:
        """Each channel of the first feature map at its mean over thoughts and places; the map is linear in s*."""
        return head.first_map(self.known.s_star.mean(dim=0, keepdim=True)).mean(dim=(0, 2, 3))


class _Lane:
    """One decoder in training."""

    def __init__(
        self, kind: Upsampling, system: SatipatthanaSystem, known: Thoughts, plan: StageConfig, judge: _Judge
    ) -> None:
        config = system.config
        self.kind: Upsampling = kind
        self.plan, self.steps = plan, 0
        self.loss: list[float] = []
        # the same luck for each: their linear layers, which are drawn first, start alike
        generator = generator_for(config.seed, "decoder race", "init")
        recon, dim = replace(config.recon, upsampling=kind), known.s_star.shape[1]
        self.head = make_recon_head(recon, tuple(known.x.shape[1:]), dim, generator, config.samatha.adapter)
        self.optimizer = torch.optim.AdamW(self.head.parameters(), weight_decay=plan.weight_decay)
        self.past = [(0, judge.drawn(self.head, kind))]

    def train(self, known: Thoughts, order: Int[Tensor, "steps B"], until: int) -> None:
        """Steps up to number ``until``."""
        self.head.train()
        for rows in order[self.steps : until]:
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(self.plan, self.steps, 0.0)
            self.optimizer.zero_grad(set_to_none=True)
            loss = F.mse_loss(self.head(known.s_star[rows]), known.x[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(self.head.parameters(), self.plan.clip_norm or float("inf"))
            self.optimizer.step()
            self.loss.append(float(loss.detach()))
            self.steps += 1

    def measured(self, judge: _Judge) -> Racer:
        drawn = judge.drawn(self.head, self.kind)
        self.past.append((self.steps, drawn))
        return Racer(
            upsampling=self.kind,
            parameters=drawn.parameters,
            pictures=drawn.pictures,
            error=drawn.error,
            spectrum=drawn.spectrum,
            relative=drawn.relative,
            score=drawn.score,
            flat=drawn.flat,
            loss=np.array(self.loss, np.float32),
            measured_at=tuple(step for step, _ in self.past),
            scores=tuple(one.score.value for _, one in self.past),
            flats=tuple(one.flat.std for _, one in self.past if one.flat is not None),
        )


def _order(n: int, steps: int, generator: torch.Generator) -> Int[Tensor, "steps B"]:
    """Who is learned from at each step: all in a new order, then all in another."""
    batch = min(BATCH, n)
    epochs = -(-steps // (n // batch))
    rows = [torch.randperm(n, generator=generator)[: n // batch * batch].view(-1, batch) for _ in range(epochs)]
    return torch.cat(rows)[:steps]
