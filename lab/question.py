"""What a page asks to be thought about, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lab.limits import BadInput, choice, number

if TYPE_CHECKING:
    from torch import Tensor

    from satipatthana.data import DataBundle

Mode = Literal["sober", "drunk", "both"]
MODES: tuple[Mode, ...] = ("sober", "drunk", "both")
Part = Literal["test", "train"]
Weights = Literal["own", "sharp"]
WEIGHTS: tuple[Weights, ...] = ("own", "sharp")
PARTS: dict[Part, str] = {"test": "test input", "train": "training input"}


@dataclass(frozen=True)
class Question:
    """What is to be thought about, and by which mind. None takes the run's own setting."""

    sample: int = 0
    """Number in its split."""
    noise: float = 0.0
    seed: int = 0
    mode: Mode = "sober"
    n_steps: int | None = None
    threshold: float | None = None
    """Of the inference gate."""
    skip: float | None = None
    push: float | None = None
    """Drunk: chance to skip a step, and standard deviation of the noise on each other step."""
    part: Part = "test"
    """The split: inputs of the map's cloud are of the training split."""
    weights: Weights = "own"
    """Who thinks: the open run, or the shipped one that learned without blurred targets."""

    @classmethod
    def checked(cls, sizes: Mapping[Part, int], **sent: Any) -> "Question":
        """What a page sent, or BadInput. What it left out, and None, is the default. ``sizes``: samples per split."""
        given = {name: value for name, value in sent.items() if value is not None}
        unknown = sorted(set(given) - set(LIMITS) - {"sample", "mode", "part", "weights"})
        if unknown:
            known = ", ".join(("sample", "part", "mode", "weights", *LIMITS))
            raise BadInput(f"A thought has no setting {unknown[0]!r}; known: {known}.")
        values: dict[str, Any] = {
            name: number(given[name], low, high, title, integer=whole)
            for name, (title, low, high, whole) in LIMITS.items()
            if name in given
        }
        if "part" in given:
            values["part"] = choice(given["part"], tuple(PARTS), "Split")
        if "sample" in given:
            last = sizes[values.get("part", "test")] - 1
            values["sample"] = number(given["sample"], 0, last, "Sample", integer=True)
        if "mode" in given:
            values["mode"] = choice(given["mode"], MODES, "Mind")
        if "weights" in given:
            values["weights"] = choice(given["weights"], WEIGHTS, "Weights")
        return cls(**values)

    def look_up(self, bundle: "DataBundle") -> "tuple[Tensor, int]":
        """The input (1, *shape) as the data hold it, and its class."""
        split = bundle.train if self.part == "train" else bundle.test
        return split.x[self.sample : self.sample + 1], int(split.y[self.sample])

    @property
    def title(self) -> str:
        """Which input it is about, in words."""
        return f"{PARTS[self.part]} {self.sample}"

    @property
    def minds(self) -> tuple[Literal["sober", "drunk"], ...]:
        return ("sober", "drunk") if self.mode == "both" else (self.mode,)


LIMITS: dict[str, tuple[str, float, float, bool]] = {
    "noise": ("Noise", 0, 2, False),
    "seed": ("Seed", 0, 2**31 - 1, True),
    "n_steps": ("Steps", 1, 200, True),
    "threshold": ("Gate", -1, 1, False),
    "skip": ("Skip", 0, 1, False),
    "push": ("Push", 0, 10, False),
}
"""Title, lowest, highest, whole: what a question may hold."""
