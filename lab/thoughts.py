"""A thought as a page shows it: the present answer, the replay over the keyframes, the map behind it.

A thought is computed once and sent once; the page scrubs it alone. What is drawn belongs to a snapshot of the weights,
never to the run itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.kept import Kept
from lab.question import Question
from lab.replay import chosen_keyframes, place, stage_marks
from lab.views.thought import About, Cloud, Frame, MapView, MindView, StageMark, thought_payload
from lab.views.verdict import verdict_line

if TYPE_CHECKING:
    from lab.project import Placed, Placing
    from lab.status import Place, Snapshot
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.data import DataBundle
    from satipatthana.diagnostics.projection import FlatMap, Neighbourhoods
    from satipatthana.diagnostics.thought import Thought
    from satipatthana.train.records import StepRecord

CONTEXT = 2000  # points behind the present thought
FRAME_CONTEXT = 1000  # and behind each earlier one
OPEN = -1.0  # a gate threshold that lets everything in
CONTEXTS_KEPT = 8  # half a megabyte each, in a network of 64 dimensions
PASTS_KEPT = 160  # an eighth of that; a replay visits no more keyframes than these


@dataclass(frozen=True, eq=False)
class Context:
    """Where the ends of many thoughts lie at one version of the weights: N points of D dimensions, K probes."""

    key: str
    """Names the weights and the inputs: whoever has the same has this context."""
    s_star: np.ndarray
    probes: np.ndarray
    pca: "FlatMap"
    cloud: Cloud

    @cached_property
    def quality(self) -> "Neighbourhoods | None":
        """Whether neighbours on the map are neighbours; a tenth of a second, so not before somebody asks."""
        from satipatthana.diagnostics.projection import neighbourhoods

        rows = slice(0, FRAME_CONTEXT)
        return neighbourhoods(self.s_star[rows], self.cloud.points[rows])


# For all visitors, by the weights: most of them look at the same shipped run, and where its thoughts ended at every
# keyframe is half of the work of a replay.
_CONTEXTS = Kept(CONTEXTS_KEPT)
_PASTS = Kept(PASTS_KEPT)  # ends of thoughts, in half precision


@dataclass(frozen=True, eq=False)
class Shown:
    """A thought with everything that is drawn around it. `whole`: with the keyframes, not the present alone."""

    id: str
    question: Question
    about: About
    target: np.ndarray
    frames: tuple[Frame, ...]
    context: Context
    honesty: dict[str, float]
    stage_marks: tuple[StageMark, ...]
    whole: bool = False

    def payload(self) -> dict[str, Any]:
        """What the Converge instrument is sent."""
        return thought_payload(
            id=self.id,
            about=self.about,
            target=self.target,
            frames=self.frames,
            cloud=self.context.cloud,
            honesty=self.honesty,
            stage_marks=self.stage_marks,
            replaying=bool(self.stage_marks) and not self.whole,
        )

    @property
    def thoughts(self) -> "dict[str, Thought]":
        """The present minds, by name."""
        return {name: view.thought for name, view in self.frames[-1].minds.items()}


class Thinker:
    """Thinks about samples of one data set with snapshots of one run; what will be asked for again is kept."""

    def __init__(self, bundle: "DataBundle") -> None:
        self.bundle = bundle

    def context(self, snapshot: "Snapshot") -> Context:
        """The map of this snapshot; one object as long as the weights stay as they are."""
        key = self._key(snapshot.system)
        return _CONTEXTS.get(key, lambda: self._fit(key, snapshot.system))

    def now(
        self,
        id: str,
        question: Question,
        snapshot: "Snapshot",
        run: str,
        *,
        blurs: bool = False,
        switches: bool = False,
    ) -> Shown:
        """The thought with the present weights, on the PCA map.

        ``blurs``: early decodes were taught a blur; ``switches``: another run can show them without.
        """
        context, history = self.context(snapshot), snapshot.history
        minds = self._minds(snapshot.system, question, context.pca, context.s_star, {})
        target, label = question.look_up(self.bundle)
        about = About(
            run=run,
            data=self.bundle.name,
            classes=self.bundle.class_names,
            mode=question.mode,
            sample=question.sample,
            part=question.part,
            label=self.bundle.class_names[label],
            noise=question.noise,
            seed=question.seed,
            threshold=next(iter(minds.values())).thought.threshold,
            trained_steps=snapshot.system.config.samatha.sati.n_steps,
            blurs=blurs,
            switches=switches,
        )
        frame = _frame(place(history[-1] if history else None), minds, history)
        return Shown(
            id=id,
            question=question,
            about=about,
            target=target[0].numpy(),
            frames=(frame,),
            context=context,
            honesty=self._confess(minds, context, question.seed, None),
            stage_marks=stage_marks(history),
        )

    def replay(
        self,
        shown: Shown,
        snapshot: "Snapshot",
        go_on: Callable[[], bool] = lambda: True,
    ) -> Shown | None:
        """The same thought at every keyframe before it was thought; None as soon as `go_on` says no.

        All frames lie on the axes of the shown map, so that a collapse is seen as one.
        """
        from satipatthana.train.records import last_move, walk

        context, question, keyframes = shown.context, shown.question, snapshot.keyframes
        length = sum(len(thought.step_size) for thought in shown.thoughts.values())
        frames: list[Frame] = []
        ends, moved = None, None
        known: Mapping[Any, MindView] = {}
        chosen = chosen_keyframes(keyframes, shown.frames[-1].global_step, length)
        for index, past in walk(snapshot.system, keyframes, chosen):
            if not go_on():
                return None
            if ends is None or moved != last_move(keyframes, index):
                moved = last_move(keyframes, index)
                ends, known = self._past_ends(past), {}
                cloud = self._cloud(ends, past.probes.numpy(), context.pca)
            # Before its keys are fitted the gate compares something else: the threshold of today says nothing then.
            then = question if past.samatha.vitakka.has_gate_keys else replace(question, threshold=OPEN)
            minds = known = self._minds(past, then, context.pca, ends, known)
            frames.append(_frame(place(keyframes[index]), minds, snapshot.history, cloud))
        if not go_on():
            return None
        present = shown.frames[-1]
        return replace(
            shown,
            frames=(*frames, present),
            honesty=self._confess(present.minds, context, question.seed, context.quality),
            whole=True,
        )

    # --- inside ---------------------------------------------------------------------------------------------------

    def _key(self, system: "SatipatthanaSystem") -> str:
        """Names all that decides where thoughts end; some milliseconds."""
        named = blake2b(repr(system.config.samatha).encode(), digest_size=16)
        for value in system.samatha.state_dict().values():
            named.update(value.numpy().tobytes())
        return f"{self._inputs} {named.hexdigest()}"

    @cached_property
    def _inputs(self) -> str:
        x = self.bundle.train.x[:CONTEXT].numpy().tobytes()
        return f"{self.bundle.name} {blake2b(x, digest_size=16).hexdigest()}"

    def _fit(self, key: str, system: "SatipatthanaSystem") -> Context:
        from satipatthana.diagnostics.projection import fit_pca

        s_star = settled(system, self.bundle.train.x[:CONTEXT])
        probes = system.probes.numpy()
        pca = fit_pca(s_star)
        return Context(key, s_star, probes, pca, self._cloud(s_star, probes, pca))

    def _past_ends(self, past: "SatipatthanaSystem") -> np.ndarray:
        inputs = self.bundle.train.x[:FRAME_CONTEXT]
        return _PASTS.get(self._key(past), lambda: settled(past, inputs).astype(np.float16)).astype(np.float32)

    def _cloud(self, s_star: np.ndarray, probes: np.ndarray, pca: "FlatMap") -> Cloud:
        """The context on these axes, with the share of its variance that each of them shows."""
        train, n = self.bundle.train, len(s_star)
        xy = pca.project(s_star)
        total = s_star.var(axis=0, dtype=np.float64).sum()
        explained = xy.var(axis=0, dtype=np.float64) / total if total > 0 else np.zeros(2)
        inputs = train.x[:n].numpy() if tuple(self.bundle.x_shape) == (2,) else None
        return Cloud(xy, pca.project(probes), train.y[:n].numpy(), tuple(explained.tolist()), inputs)

    def _minds(
        self,
        system: "SatipatthanaSystem",
        question: Question,
        pca: "FlatMap",
        ends: np.ndarray,
        known: Mapping[Any, MindView],
    ) -> dict[Any, MindView]:
        """``known``: the minds of an earlier keyframe since which nothing has changed that moves states."""
        from satipatthana.diagnostics.neighbours import N_NEAREST, nearest
        from satipatthana.diagnostics.projection import false_motion
        from satipatthana.diagnostics.thought import think_aloud

        minds: dict[Any, MindView] = {}
        for name in question.minds:
            thought = think_aloud(
                system,
                question.look_up(self.bundle)[0],
                samples=[question.sample],
                seed=question.seed,
                noise=question.noise,
                drunk=name == "drunk",
                n_steps=question.n_steps,
                threshold=question.threshold,
                drunk_skip_prob=question.skip,
                drunk_perturbation_std=question.push,
            )
            states = thought.states[:, 0]
            before = known.get(name)
            if before is not None and _same_way(before.thought, thought):
                minds[name] = replace(before, thought=thought)
                continue
            path = pca.project(states)
            limit = question.n_steps or system.config.samatha.sati.n_steps
            minds[name] = MindView(
                thought,
                path,
                false_motion(path, states).false,
                verdict=verdict(system, thought, limit),
                neighbours=nearest(states, ends) if len(ends) >= N_NEAREST else None,
            )
        return minds

    def _confess(self, minds: Any, context: Context, seed: int, quality: Any) -> dict[str, float]:
        from satipatthana.diagnostics.projection import false_motion, honesty

        motions = [false_motion(view.path, view.thought.states[:, 0]) for view in minds.values()]
        explained = sum(context.cloud.explained)
        return numbers(honesty(motions, quality, len(context.s_star), explained=explained, seed=seed))


def _same_way(a: "Thought", b: "Thought") -> bool:
    """Whether two thoughts went through the same states; they may still judge and answer otherwise."""
    return np.array_equal(a.states, b.states) and np.array_equal(a.gate, b.gate)


def _frame(
    at: "Place", minds: dict[Any, MindView], history: "Sequence[StepRecord]", cloud: Cloud | None = None
) -> Frame:
    learned = {int(record.stage) for record in history if record.global_step <= at.global_step}
    return Frame(at.stage, at.step, at.global_step, at.label, minds, cloud, tuple(sorted(learned)))


def settled(system: "SatipatthanaSystem", x: Any) -> np.ndarray:
    """s* (N, D) of many clean inputs, sober and with the gate open."""
    from satipatthana.diagnostics.observing import chunks, observing

    with observing(system):
        parts = [system.think(x[rows.start : rows.stop], threshold=OPEN).s_star for rows in chunks(len(x))]
    return np.concatenate([part.numpy() for part in parts])


def verdict(system: "SatipatthanaSystem", thought: "Thought", limit: int, row: int = 0) -> str:
    """How one thought of at most ``limit`` steps ended, in words; a few milliseconds."""
    import torch

    from satipatthana.diagnostics.verdicts import gated, verdicts
    from satipatthana.santana import SantanaLog

    if thought.gate[row] == 0:
        return "shut out: the gate let nothing in"
    if not thought.taken[:, row].any():
        return "no step was taken"
    santana = SantanaLog()
    for t, state in enumerate(torch.from_numpy(thought.states[:, row])):
        masks = () if t == 0 else (_flag(thought.taken[t - 1, row]), _flag(thought.skipped[t - 1, row]))
        santana.add(state[None], *masks)
    one = slice(row, row + 1)
    z = gated(system, torch.from_numpy(thought.x_given[one]), torch.from_numpy(thought.gate[one]))
    return verdict_line(verdicts(system, z, santana, limit)[0])


def _flag(value: Any) -> Any:
    import torch

    return torch.tensor([bool(value)])


def placing(shown: Shown) -> "Placing":
    """What the map process is asked for: the present minds of a thought, on the map of its context."""
    from lab.project import Placing

    thoughts = tuple(thought.states[:, 0] for thought in shown.thoughts.values())
    return Placing(shown.context.key, shown.context.s_star, shown.context.probes, thoughts, shown=shown.id)


def umap_view(shown: Shown, placed: "Placed") -> MapView:
    """The same thought on the UMAP map."""
    names: list[Any] = list(shown.thoughts)
    return MapView(
        cloud=Cloud(placed.points, placed.probes, shown.context.cloud.labels),
        paths=dict(zip(names, placed.paths, strict=True)),
        false_motion=dict(zip(names, placed.false_motion, strict=True)),
        honesty=numbers(placed.honesty),
    )


def axis_view(shown: Shown, first: int, second: int) -> MapView:
    """The same thought on the axis from one probe to another. Raises ValueError where they lie in one place."""
    from satipatthana.diagnostics.axis import fit_axis
    from satipatthana.diagnostics.projection import false_motion, honesty, neighbourhoods

    context = shown.context
    flat = fit_axis(context.s_star, context.probes[first], context.probes[second])
    xy, rows = flat.project(context.s_star), slice(0, FRAME_CONTEXT)
    states: dict[Any, np.ndarray] = {name: thought.states[:, 0] for name, thought in shown.thoughts.items()}
    paths = {name: flat.project(path) for name, path in states.items()}
    motions = {name: false_motion(paths[name], path) for name, path in states.items()}
    quality = neighbourhoods(context.s_star[rows], xy[rows])
    told = honesty(tuple(motions.values()), quality, len(xy), explained=sum(flat.explained), seed=shown.question.seed)
    cloud = Cloud(xy, flat.project(context.probes), context.cloud.labels, flat.explained)
    return MapView(cloud, paths, {name: motion.false for name, motion in motions.items()}, numbers(told))


def numbers(honesty: Any) -> dict[str, float]:
    """What a map confesses; what cannot be told is left out."""
    return {name: value for name, value in vars(honesty).items() if value is not None}
