"""A thought as a page shows it: the present answer, the replay over the keyframes, the map behind it.

A thought is computed once and sent once; the page scrubs it alone. What is drawn belongs to a snapshot of the weights,
never to the run itself.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.question import Question
from lab.replay import chosen_keyframes, place, stage_marks
from lab.views.thought import About, Cloud, Frame, MapView, MindView, StageMark, thought_payload
from lab.views.verdict import verdict_line

if TYPE_CHECKING:
    from lab.project import Placed, Placing
    from lab.status import Place, Snapshot
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.data import DataBundle
    from satipatthana.diagnostics.projection import FlatMap
    from satipatthana.diagnostics.thought import Thought
    from satipatthana.train.records import Keyframe, StepRecord

CONTEXT = 2000  # points behind the present thought
FRAME_CONTEXT = 1000  # and behind each earlier one
OPEN = -1.0  # a gate threshold that lets everything in


@dataclass(frozen=True, eq=False)
class Context:
    """Where the ends of many thoughts lie at one version of the weights: N points of D dimensions, K probes."""

    version: int
    s_star: np.ndarray
    probes: np.ndarray
    pca: "FlatMap"
    cloud: Cloud


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
    """Thinks about samples of one data set with snapshots of one run, and keeps what will be asked for again."""

    def __init__(self, bundle: "DataBundle") -> None:
        self.bundle = bundle
        self._contexts: OrderedDict[int, Context] = OrderedDict()
        self._past: dict[tuple[int, int], np.ndarray] = {}  # ends of thoughts at keyframes, in half precision
        self._lock = threading.Lock()

    def context(self, snapshot: "Snapshot") -> Context:
        """The map of this snapshot; kept for the last two versions of the weights."""
        with self._lock:
            if snapshot.version not in self._contexts:
                self._contexts[snapshot.version] = self._fit(snapshot)
                while len(self._contexts) > 2:
                    self._contexts.popitem(last=False)
            return self._contexts[snapshot.version]

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
        minds = self._minds(snapshot.system, question, context.pca, context.s_star)
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
        from satipatthana.diagnostics.projection import neighbourhoods
        from satipatthana.train.records import last_move, walk

        context, question, keyframes = shown.context, shown.question, snapshot.keyframes
        length = sum(len(thought.step_size) for thought in shown.thoughts.values())
        frames: list[Frame] = []
        ends, moved = None, None
        chosen = chosen_keyframes(keyframes, shown.frames[-1].global_step, length)
        for index, past in walk(snapshot.system, keyframes, chosen):
            if not go_on():
                return None
            if ends is None or moved != last_move(keyframes, index):
                moved = last_move(keyframes, index)
                ends = self._past_ends(past, keyframes[max(moved, 0)])
                cloud = self._cloud(ends, past.probes.numpy(), context.pca)
            # Before its keys are fitted the gate compares something else: the threshold of today says nothing then.
            then = question if past.samatha.vitakka.has_gate_keys else replace(question, threshold=OPEN)
            minds = self._minds(past, then, context.pca, ends)
            frames.append(_frame(place(keyframes[index]), minds, snapshot.history, cloud))
        if not go_on():
            return None
        rows = slice(0, FRAME_CONTEXT)
        quality = neighbourhoods(context.s_star[rows], context.cloud.points[rows])
        present = shown.frames[-1]
        return replace(
            shown,
            frames=(*frames, present),
            honesty=self._confess(present.minds, context, question.seed, quality),
            whole=True,
        )

    # --- inside ---------------------------------------------------------------------------------------------------

    def _fit(self, snapshot: "Snapshot") -> Context:
        from satipatthana.diagnostics.projection import fit_pca

        s_star = settled(snapshot.system, self.bundle.train.x[:CONTEXT])
        probes = snapshot.system.probes.numpy()
        pca = fit_pca(s_star)
        return Context(snapshot.version, s_star, probes, pca, self._cloud(s_star, probes, pca))

    def _past_ends(self, past: "SatipatthanaSystem", keyframe: "Keyframe") -> np.ndarray:
        key = (keyframe.stage, keyframe.global_step)
        s_star = self._past.get(key)
        if s_star is None:
            s_star = self._past[key] = settled(past, self.bundle.train.x[:FRAME_CONTEXT]).astype(np.float16)
        return s_star.astype(np.float32)

    def _cloud(self, s_star: np.ndarray, probes: np.ndarray, pca: "FlatMap") -> Cloud:
        """The context on these axes, with the share of its variance that each of them shows."""
        train, n = self.bundle.train, len(s_star)
        xy = pca.project(s_star)
        total = s_star.var(axis=0, dtype=np.float64).sum()
        explained = xy.var(axis=0, dtype=np.float64) / total if total > 0 else np.zeros(2)
        inputs = train.x[:n].numpy() if tuple(self.bundle.x_shape) == (2,) else None
        return Cloud(xy, pca.project(probes), train.y[:n].numpy(), tuple(explained.tolist()), inputs)

    def _minds(
        self, system: "SatipatthanaSystem", question: Question, pca: "FlatMap", ends: np.ndarray
    ) -> dict[Any, MindView]:
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


def placing(shown: Shown, key: str) -> "Placing":
    """What the map process is asked for: the present minds of a thought, on the map of its context."""
    from lab.project import Placing

    thoughts = tuple(thought.states[:, 0] for thought in shown.thoughts.values())
    return Placing(key, shown.context.s_star, shown.context.probes, thoughts, shown=shown.id)


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
