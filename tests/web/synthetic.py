"""Thoughts that nobody thought: digits drawn into a plane of their own, a contraction to an end, and luck."""

from dataclasses import dataclass, replace

import numpy as np

from lab.views import thought as views
from satipatthana.assets import asset_path

D = 24
RATE = 0.6
STAGES = ("adapter", "samatha", "vipassana", "answer")


@dataclass(frozen=True)
class Seen:
    """What the views read of a `satipatthana.diagnostics.thought.Thought`: one sample, T steps."""

    states: np.ndarray
    decoded: np.ndarray
    step_size: np.ndarray
    taken: np.ndarray
    skipped: np.ndarray
    steps: np.ndarray
    probe_cosine: np.ndarray
    probabilities: np.ndarray
    trust: np.ndarray
    conformity: np.ndarray
    confidence: np.ndarray
    distance_to_end: np.ndarray
    winner: np.ndarray
    gate: np.ndarray
    gate_similarity: np.ndarray
    threshold: float
    x_given: np.ndarray


class World:
    """A latent space of digits: principal axes, class means as probes, and a cloud of settled thoughts."""

    def __init__(self, n_points: int = 2000, seed: int = 0) -> None:
        with np.load(asset_path("digits.npz")) as digits:
            self.x = digits["x"].reshape(-1, 784) / 127.5 - 1
            self.y = digits["y"].astype(int)
        self.mean = self.x.mean(axis=0)
        _, scale, axes = np.linalg.svd(self.x[::4] - self.mean, full_matrices=False)
        self.axes = axes[:D]
        self.explained = (scale**2 / (scale**2).sum())[:2]
        self.z = (self.x - self.mean) @ self.axes.T
        self.probes = np.stack([self.z[self.y == k].mean(axis=0) for k in range(10)])
        chosen = np.random.default_rng(seed).permutation(len(self.x))[:n_points]
        self.settled = 0.55 * self.z + 0.45 * self.probes[self.y]
        self.labels = self.y[chosen]
        self.points = self.settled[chosen]

    def cloud(self, maturity: float = 1.0) -> views.Cloud:
        """``maturity`` from 0 (untrained: all in one place) to 1."""
        return views.Cloud(maturity * self.points[:, :2], maturity * self.probes[:, :2], self.labels, self.explained)

    def decode(self, states: np.ndarray) -> np.ndarray:
        return np.clip(states @ self.axes + self.mean, -1, 1).reshape(-1, 1, 28, 28)

    def think(
        self, sample: int, drunk: bool = False, n_steps: int = 10, noise: float = 0.5, stop: int | None = None,
        shut: bool = False, maturity: float = 1.0, seed: int = 0,
    ) -> Seen:  # fmt: skip
        luck = np.random.default_rng([seed, sample])
        given = np.clip(self.x[sample] + noise * luck.normal(size=784), -1, 1)
        end = np.zeros(D) if shut else maturity * self.settled[sample]
        k = (self.y[sample] + 3) % 10
        start = (
            np.zeros(D) if shut else 0.35 * self.z[sample] + 0.65 * self.probes[k] + noise * 1.5 * luck.normal(size=D)
        )
        stop = n_steps if stop is None else stop
        states, skipped, taken = [start], [], []
        for step in range(n_steps):
            chance, push = luck.uniform(), luck.normal(size=D)
            skips = drunk and chance < 0.3 and step < stop
            moved = end + RATE * (states[-1] - end) + (0.4 * push if drunk else 0)
            states.append(states[-1] if skips or step >= stop else moved)
            skipped.append(skips)
            taken.append(not skips and step < stop)
        return self.seen(
            np.stack(states), given.reshape(1, 28, 28), np.array(taken), np.array(skipped), stop, drunk, shut, k
        )

    def seen(self, states, given, taken, skipped, stop, drunk, shut, winner) -> Seen:
        length = np.linalg.norm(states, axis=1, keepdims=True)
        cosine = (
            states @ (self.probes / np.linalg.norm(self.probes, axis=1, keepdims=True)).T / np.maximum(length, 1e-9)
        )
        away = np.linalg.norm(states[:, None] - 0.55 * states[-1] - 0.45 * self.probes, axis=2)
        chance = np.exp(-0.5 * (away - away.min(axis=1, keepdims=True)))
        size = np.linalg.norm(np.diff(states, axis=0), axis=1)
        ease = np.concatenate([[np.nan], np.exp(-np.maximum.accumulate(size[::-1])[::-1])])
        score = ease * (0.3 if drunk or shut else 0.97)
        one = [
            np.asarray(value)[:, None]
            for value in (chance / chance.sum(axis=1, keepdims=True), score, score**1.3, score**0.8)
        ]
        return Seen(
            states=states[:, None],
            decoded=self.decode(states)[:, None],
            step_size=(size * taken)[:, None],
            taken=taken[:, None],
            skipped=skipped[:, None],
            steps=np.array([stop]),
            probe_cosine=cosine[:, None],
            probabilities=one[0],
            trust=one[1],
            conformity=one[2],
            confidence=one[3],
            distance_to_end=np.linalg.norm(states - states[-1], axis=1)[:, None],
            winner=np.array([winner]),
            gate=np.array([0.0 if shut else 1.0]),
            gate_similarity=np.array([0.31 if shut else 0.83]),
            threshold=0.6 if shut else -1.0,
            x_given=given[None],
        )


def view(seen: Seen, ends: np.ndarray) -> views.MindView:
    path = seen.states[:, 0, :2]
    away = np.linalg.norm(path - path[-1], axis=1)
    false = np.diff(away) * np.diff(seen.distance_to_end[:, 0]) < 0
    near = np.linalg.norm(seen.states - ends, axis=2).argsort(axis=1)[:, :10]
    return views.MindView(seen, path, false, neighbours=near)


def payload(
    world: World,
    id: str = "one",
    sample: int = 17,
    mode: str = "both",
    frames: int = 1,
    shut: bool = False,
    play=None,
    **options,
) -> dict:
    """A payload as the page gets it; ``frames`` keyframes over stages 0 and 1, the last is the present."""
    drawn = []
    for i in range(frames):
        maturity = (i + 1) / frames
        stage = -1 if frames > 3 and i == 0 else int(i >= frames / 2)
        cloud = world.cloud(maturity) if frames > 1 and i < frames - 1 else None
        minds = {
            name: view(
                world.think(sample, name == "drunk", shut=shut, maturity=maturity, **options), maturity * world.points
            )
            for name in ("sober", "drunk")
            if mode in (name, "both")
        }
        label, learned = f"stage {max(stage, 0)}, step {40 * i}", tuple(range(4 if i == frames - 1 else stage + 1))
        drawn.append(views.Frame(stage, 40 * i, 60 * i, label, minds, cloud, learned))
    label = str(world.y[sample])
    about = views.About(
        "healthy", "digits", [str(k) for k in range(10)], mode, sample, label, 0.5, 0, 0.6 if shut else -1.0
    )
    return views.thought_payload(
        id=id,
        about=about,
        target=world.x[sample].reshape(1, 28, 28),
        frames=drawn,
        cloud=world.cloud(),
        honesty={
            "false_share": 0.04, "uncounted": 3, "trustworthiness": 0.93, "continuity": 0.95, "explained": 0.41,
            "displacement": None, "n": len(world.points), "seed": 0,
        },
        stage_marks=[views.StageMark(0, 0, 126), views.StageMark(1, 126, 756)],
        play=play,
    )  # fmt: skip


def umap(world: World, id: str = "one", sample: int = 17, mode: str = "both", **options) -> dict:
    """The patch that brings the second map: the first one, bent."""

    def bend(points: np.ndarray) -> np.ndarray:
        return np.stack([np.sin(points[:, 0] / 5) * 6, points[:, 1] + 0.2 * points[:, 0] ** 2 / 5], axis=1)

    paths = {
        name: bend(world.think(sample, name == "drunk", **options).states[:, 0, :2])
        for name in ("sober", "drunk")
        if mode in (name, "both")
    }
    motion = {name: np.arange(len(path) - 1) % 3 == 1 for name, path in paths.items()}
    cloud = views.Cloud(bend(world.points[:, :2]), bend(world.probes[:, :2]), world.labels)
    honesty = {
        "false_share": 0.32,
        "uncounted": 2,
        "trustworthiness": 0.97,
        "continuity": 0.96,
        "displacement": 0.04,
        "n": 2000,
        "seed": 0,
    }
    return views.umap_patch(id, "ready", view=views.MapView(cloud, paths, motion, honesty))


def moons(world: World, id: str = "moons") -> dict:
    """The same paths as points of a plane with two crescents in it."""
    luck = np.random.default_rng(0)
    angle = luck.uniform(0, np.pi, 1000)
    crescents = [(np.cos(angle), np.sin(angle)), (1 - np.cos(angle), 0.5 - np.sin(angle))]
    inputs = np.concatenate([np.stack(crescent, axis=1) for crescent in crescents]) + 0.08 * luck.normal(size=(2000, 2))
    labels = np.repeat([0, 1], 1000)
    minds = {}
    for name in ("sober", "drunk"):
        seen = world.think(17, name == "drunk")
        flat = replace(
            seen,
            decoded=seen.states[:, :, :2] / 15,
            probabilities=seen.probabilities[:, :, :2],
            x_given=np.array([[0.3, -0.2]]),
        )
        minds[name] = view(flat, world.points)
    return views.thought_payload(
        id=id,
        about=views.About("moons", "moons", ["upper", "lower"], "both", 3, "upper"),
        target=np.array([0.1, 0.0]),
        frames=[views.Frame(3, 300, 900, "stage 3, step 300", minds)],
        cloud=replace(world.cloud(), labels=labels, inputs=inputs),
        play=False,
    )
