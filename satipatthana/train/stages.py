"""The four stages as data: what learns, which loss terms, what happens on entry.

A stage's loss is a plain function (system, batch) -> unweighted terms; the trainer weighs and sums them.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from satipatthana.components.objectives import (
    ProbeDiversityLoss,
    StabilityLoss,
    balance,
    binary_entropy,
    blur,
    orthogonality,
)
from satipatthana.components.vipassana import SCORES, FamiliarVipassana, GroundedVipassana
from satipatthana.configs import CurriculumConfig
from satipatthana.core.engines import SamathaOutput
from satipatthana.core.system import LEARNS, SatipatthanaSystem, TrainingStage
from satipatthana.data.void import (
    TRAINED_VOIDS,
    WIDE_VOIDS,
    make_void,
    mix_voids,
    trained_voids,
    wide_voids,
)
from satipatthana.measures import derangement


@dataclass(frozen=True)
class Batch:
    """What one step learns from. All its chance comes from ``generator``, a function of (seed, stage, step)."""

    x: Float[Tensor, "B *shape"]
    y: Int[Tensor, " B"]
    generator: torch.Generator
    curriculum: CurriculumConfig
    weights: dict[str, float]
    """Of the loss terms: a term of weight 0 need not be computed."""


Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Action:
    """Something done once to the system around a stage's steps, in eval mode, on clean training samples."""

    name: str
    run: Callable[[SatipatthanaSystem, Batch], None]
    n_samples: int | None = None
    """How many samples it looks at; None: all."""
    refresh: bool = False
    """Measures what earlier stages left, so it is done again when the stage had become stale."""


@dataclass(frozen=True)
class Stage:
    """One stage of the curriculum."""

    stage: TrainingStage
    title: str
    gloss: str
    terms: tuple[str, ...]
    loss: Callable[[SatipatthanaSystem, Batch], Terms]
    entry: tuple[Action, ...] = ()
    leave: tuple[Action, ...] = ()
    """Done whenever a run of steps of this stage ends."""

    @property
    def learns(self) -> tuple[str, ...]:
        return LEARNS[self.stage]


# --- stage 0 -------------------------------------------------------------------------------------------------------


def adapter_loss(system: SatipatthanaSystem, batch: Batch) -> Terms:
    """Reconstruct the clean x from noisy x, through z alone."""
    clean, noisy, _ = augment(system, batch, hide=False)
    return {"reconstruction": F.mse_loss(system.reconstruct(system.samatha.adapter(noisy)), clean)}


def augment(system: SatipatthanaSystem, batch: Batch, hide: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """Shifted clean x, the same with noise and, where the config says so, hidden parts; and sigma (B,)."""
    augmenter = system.samatha.augmenter
    clean = augmenter.shift(batch.x, batch.generator)
    noisy, sigma = augmenter.spoil(clean, batch.generator, hide)
    return clean, noisy, sigma


# --- stage 1 -------------------------------------------------------------------------------------------------------


EARLY = "early"
"""The term that asks for the answer on the way, the later the more; it is a chart only where it has a weight."""


def samatha_loss(system: SatipatthanaSystem, batch: Batch) -> Terms:
    """Reconstruction of the end, blurred intermediate decodes, guidance, stability, and the care of the probes.

    A term whose weight is 0 is left out, except the cheap ones about the probes, which are worth watching.
    """
    clean, noisy, _ = augment(system, batch)
    n_steps = system.config.samatha.sati.n_steps
    # A quarter of the batch shows its way, each sample at one drawn step. The target is the clean x, blurred by what
    # is still to come: so early blur is trained, not found. Half of it is asked for its answer there.
    shown = max(1, len(clean) // 4) if batch.weights.get("intermediate", 0) > 0 else 0
    asked = max(1, len(clean) // 2) if batch.weights.get(EARLY, 0) > 0 else 0
    t = torch.randint(0, n_steps, (max(shown, asked),), generator=batch.generator).to(clean.device)
    thought = system.think(noisy, gate="training", watch=t)
    way_stations = thought.s_star[:0] if thought.way_stations is None else thought.way_stations
    # one pass through the head: its batch norm sees ends and way stations alike
    images = system.decode(torch.cat([thought.s_star, way_stations[:shown]]))
    terms = {"reconstruction": F.mse_loss(images[: len(clean)], clean)}
    if shown:
        sharp = clean[:shown]
        blurred = blur(sharp, batch.curriculum.max_blur * (1 - t[:shown] / n_steps)) if sharp.dim() == 4 else sharp
        terms["intermediate"] = F.mse_loss(images[len(clean) :], blurred)
    if batch.weights.get("guidance", 0) > 0:
        terms["guidance"] = F.cross_entropy(system.aux_head(thought.s_star), batch.y)
    if asked:
        each = F.cross_entropy(system.aux_head(way_stations[:asked]), batch.y[:asked], reduction="none")
        terms[EARLY] = ((t[:asked] + 1) / n_steps * each).mean()
    terms["stability"], _ = StabilityLoss().compute_loss(thought.stability_pair)
    terms["balance"] = balance(thought.meta.attention)
    terms["orthogonality"] = orthogonality(system.probes)
    terms["diversity"], _ = ProbeDiversityLoss().compute_loss(system.probes)
    return terms


@torch.no_grad()
def encode(system: SatipatthanaSystem, x: Tensor) -> Float[Tensor, "N D"]:
    """Clean z of many inputs, in slices."""
    return torch.cat([system.samatha.adapter(part) for part in x.split(500)])


def fit_probes(system: SatipatthanaSystem, batch: Batch) -> None:
    """Probes at the k-means centres of z."""
    system.samatha.vitakka.fit_probes(encode(system, batch.x), batch.generator)


@torch.no_grad()
def copy_recon_head(system: SatipatthanaSystem, batch: Batch) -> None:
    """The head that draws thoughts starts as a copy of the one that drew z."""
    system.samatha_recon_head.load_state_dict(system.adapter_recon_head.state_dict())


def fit_gate_keys(system: SatipatthanaSystem, batch: Batch) -> None:
    """Gate keys on clean z, so that the inference gate can tell known from unknown."""
    system.samatha.vitakka.fit_gate_keys(encode(system, batch.x), batch.generator)


# --- stage 2 -------------------------------------------------------------------------------------------------------

CHIMERA = "chimera"
"""What is drawn from two thoughts, each coordinate taken from either: void that only the network itself can make."""
STAGE2_VOIDS = (*TRAINED_VOIDS, *WIDE_VOIDS, CHIMERA)
PATHS = ("clean", "augmented", "drunk", "mismatch", "void")
AUGMENTED_NOISE = (0.2, 0.7)
"""Severity of the augmented path, uniform between these."""


@dataclass(frozen=True)
class PathBatch:
    """Thoughts on the five paths, as vipassana is to judge them, with targets (B,) and the path (B,) of each row."""

    thought: SamathaOutput
    s_star: Tensor
    partner: Tensor
    """(B,) whose state and log stand in row i: itself, except on the mismatch path."""
    target: Tensor
    path: Tensor
    family: Tensor
    """(B,) index into ``STAGE2_VOIDS`` of a row that is void, -1 of any other."""


def vipassana_loss(system: SatipatthanaSystem, batch: Batch) -> Terms:
    """Binary cross entropy of the three scores on the five paths; ``floor`` is what soft targets leave at best."""
    paths = walk_paths(system, batch)
    insight = system.judge(paths.s_star, paths.thought.santana.rows(paths.partner), paths.thought.x_given)
    return score_terms(insight.logits, paths.target)


def score_terms(logits: Float[Tensor, "B 3"], target: Float[Tensor, " B"]) -> Terms:
    """What the three scores cost, held against one target a row, and the floor of it."""
    wanted = target[:, None].expand(-1, len(SCORES))
    each = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none").mean(dim=0)
    terms: Terms = {name: each[index] for index, name in enumerate(SCORES)}
    terms["floor"] = binary_entropy(target)
    return terms


@torch.no_grad()
def walk_paths(system: SatipatthanaSystem, batch: Batch) -> PathBatch:
    """One batched pass over all five paths. Samatha is frozen here, so no gradient is asked of it."""
    x, generator = batch.x, batch.generator
    sizes = split_paths(len(x), batch.curriculum.paths)
    path = torch.repeat_interleave(torch.arange(len(PATHS)), torch.tensor(sizes)).to(x.device)
    rows = {name: (path == index).nonzero()[:, 0] for index, name in enumerate(PATHS)}
    given = x.clone()
    family = torch.full_like(path, -1)
    if len(rows["void"]):
        given[rows["void"]], family[rows["void"]] = draw_voids(system, batch, rows["void"])
    low, high = AUGMENTED_NOISE
    sigma = torch.zeros(len(x), device=x.device)
    n_augmented = len(rows["augmented"])
    sigma[rows["augmented"]] = (low + (high - low) * torch.rand(n_augmented, generator=generator)).to(x)
    drunk = path == PATHS.index("drunk")
    thought = system.think(given, noise_level=sigma, drunk_mode=drunk, generator=generator, gate="training")
    partner = torch.arange(len(x), device=x.device)
    keep = torch.ones(len(x), dtype=torch.bool, device=x.device)
    if len(rows["mismatch"]) > 1:
        partner[rows["mismatch"]] = rows["mismatch"][derangement(len(rows["mismatch"]), generator)]
    else:  # nobody to be mistaken for
        keep[rows["mismatch"]] = False
    target = torch.zeros(len(x), device=x.device)
    target[rows["clean"]] = 1.0
    target[rows["augmented"]] = 1.0 - thought.severity[rows["augmented"]]
    if not bool(keep.all()):
        thought = _rows(thought, keep)
        partner = torch.arange(len(thought.s_star), device=x.device)
        target, path, family = target[keep], path[keep], family[keep]
    return PathBatch(thought, thought.s_star[partner], partner, target, path, family)


def draw_voids(system: SatipatthanaSystem, batch: Batch, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Voids from these rows (V,) of the batch, and of each its index (V,) into ``STAGE2_VOIDS``.

    Six families in equal shares; wide, every second row is cut, cloudy or a chimera instead, mixed of two classes:
    two inputs of one class can make a third that is real.
    """
    x, y, generator = batch.x[rows], batch.y[rows], batch.generator
    families, wide = trained_voids(tuple(x.shape[1:])), (*wide_voids(tuple(x.shape[1:])), CHIMERA)
    drawn, index = mix_voids(x, generator, families)
    family = torch.tensor([STAGE2_VOIDS.index(name) for name in families], device=x.device)[index]
    if batch.curriculum.voids == "six":
        return drawn, family
    rank = torch.rand(len(x), len(x), generator=generator).to(x.device)
    strangers = rank.masked_fill(y[:, None] == y, -1.0)
    partner, has_partner = x[strangers.argmax(dim=1)], strangers.amax(dim=1) >= 0
    turn = torch.randperm(len(x), generator=generator).to(x.device)
    for place, name in enumerate(wide):
        chosen = (turn % (2 * len(wide)) == 2 * place) & (has_partner | (name == "clouds"))
        if not bool(chosen.any()):
            continue
        if name == CHIMERA:
            drawn[chosen] = chimera(system, x[chosen], partner[chosen], generator)
        else:
            drawn[chosen] = make_void(name, x[chosen], generator, partner[chosen])
        family[chosen] = STAGE2_VOIDS.index(name)
    return drawn, family


def chimera(system: SatipatthanaSystem, x: Tensor, other: Tensor, generator: torch.Generator) -> Tensor:
    """One picture of two thoughts: each coordinate of the state is that of ``x`` or of ``other``, by chance."""
    ends = system.think(torch.cat([x, other]), gate="training").s_star
    first, second = ends.split(len(x))
    mask = torch.rand(first.shape, generator=generator).to(first) < 0.5
    return system.decode(torch.where(mask, first, second)).clamp(-1, 1)


def split_paths(batch: int, shares: dict[str, float]) -> list[int]:
    """How many rows each path gets, by largest remainder; a path without a share gets none."""
    weights = [shares.get(name, 0.0) for name in PATHS]
    exact = [batch * weight / sum(weights) for weight in weights]
    sizes = [int(part) for part in exact]
    by_remainder = sorted(range(len(PATHS)), key=lambda index: sizes[index] - exact[index])
    for index in by_remainder[: batch - sum(sizes)]:
        sizes[index] += 1
    return sizes


def _rows(thought: SamathaOutput, keep: Tensor) -> SamathaOutput:
    picked = {name: value[keep] for name, value in vars(thought.meta).items() if isinstance(value, Tensor)}
    meta = dataclasses.replace(thought.meta, **picked)
    last, before = thought.stability_pair
    return SamathaOutput(
        thought.s_star[keep],
        thought.santana.rows(keep),
        thought.severity[keep],
        (last[keep], before[keep]),
        thought.z[keep],
        thought.x_given[keep],
        meta,
    )


@torch.no_grad()
def remember_known(system: SatipatthanaSystem, batch: Batch) -> None:
    """What a familiar vipassana measures familiarity against: where clean inputs end, and what they look like."""
    if not isinstance(system.vipassana, FamiliarVipassana):
        return
    parts = batch.x[: len(system.vipassana.known.ends)].split(500)
    ends = torch.cat([system.think(part, gate="training").s_star for part in parts])
    system.vipassana.known.fit(ends, torch.cat([system.impression(part) for part in parts]))


@torch.no_grad()
def fit_metric_statistics(system: SatipatthanaSystem, batch: Batch) -> None:
    """Freeze the statistics by which the metrics are standardised, over a large batch of the five paths."""
    vipassana = system.vipassana
    if not isinstance(vipassana, GroundedVipassana):
        return
    paths = walk_paths(system, batch)
    metrics = system.judge(paths.s_star, paths.thought.santana.rows(paths.partner), paths.thought.x_given).metrics
    assert metrics is not None
    vipassana.fit_statistics(metrics[rows_of_scale(vipassana, paths)])


def rows_of_scale(vipassana: GroundedVipassana, paths: PathBatch) -> Bool[Tensor, " B"]:
    """The rows whose metrics set the scale: all. The familiar vipassana's are those of the clean path, where there is
    one: strangers are to lie far out, not to set the scale."""
    clean = paths.path == PATHS.index("clean")
    if isinstance(vipassana, FamiliarVipassana) and int(clean.sum()) > 1:
        return clean
    return torch.ones_like(clean)


# --- stage 3 -------------------------------------------------------------------------------------------------------


@torch.no_grad()
def answer_features(system: SatipatthanaSystem, batch: Batch) -> tuple[Tensor, Tensor]:
    """(s*, v_ctx) of an augmented batch: all that the answer reads, from parts that are frozen in stage 3."""
    _, noisy, _ = augment(system, batch)
    thought = system.think(noisy, gate="training")
    return thought.s_star, system.judge(thought.s_star, thought.santana, thought.x_given).v_ctx


def answer_loss(system: SatipatthanaSystem, batch: Batch) -> Terms:
    """Cross entropy of the answer; ``batch.x`` holds cached features [s*, v_ctx]."""
    dim = system.config.samatha.vitakka.dim
    return {"answer": F.cross_entropy(system.logits(batch.x[:, :dim], batch.x[:, dim:]), batch.y)}


STAGES: tuple[Stage, ...] = (
    Stage(
        TrainingStage.ADAPTER_PRETRAINING,
        "Adapter pre-training",
        "learn to see",
        ("total", "reconstruction"),
        adapter_loss,
    ),
    Stage(
        TrainingStage.SAMATHA_TRAINING,
        "Samatha training",
        "learn to settle",
        (
            "total",
            "reconstruction",
            "intermediate",
            "guidance",
            "stability",
            "balance",
            "orthogonality",
            "diversity",
        ),
        samatha_loss,
        entry=(
            Action("probes from k-means", fit_probes, 2000),
            Action("copy of the recon head", copy_recon_head, 0),
        ),
        leave=(Action("gate keys", fit_gate_keys),),
    ),
    Stage(
        TrainingStage.VIPASSANA_TRAINING,
        "Vipassana training",
        "learn to judge one's own thought",
        ("total", *SCORES),
        vipassana_loss,
        entry=(
            Action("known ground", remember_known, refresh=True),
            Action("metric statistics", fit_metric_statistics, 1000, refresh=True),
        ),
    ),
    Stage(
        TrainingStage.DECODER_FINETUNING,
        "Decoder fine-tuning",
        "learn to answer",
        ("total", "answer"),
        answer_loss,
    ),
)
