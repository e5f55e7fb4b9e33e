"""What a page asks to be thought about, checked."""

from dataclasses import dataclass
from typing import Any, Literal

from lab.limits import BadInput, choice, number

Mode = Literal["sober", "drunk", "both"]
MODES: tuple[Mode, ...] = ("sober", "drunk", "both")


@dataclass(frozen=True)
class Question:
    """What is to be thought about, and by which mind. None takes the run's own setting."""

    sample: int = 0
    """Number in the test split."""
    noise: float = 0.0
    seed: int = 0
    mode: Mode = "sober"
    n_steps: int | None = None
    threshold: float | None = None
    """Of the inference gate."""
    skip: float | None = None
    push: float | None = None
    """Drunk: chance to skip a step, and standard deviation of the noise on each other step."""

    @classmethod
    def checked(cls, n_samples: int, **sent: Any) -> "Question":
        """What a page sent, or BadInput. What it left out, and None, is the default."""
        given = {name: value for name, value in sent.items() if value is not None}
        unknown = sorted(set(given) - set(LIMITS) - {"sample", "mode"})
        if unknown:
            raise BadInput(f"A thought has no setting {unknown[0]!r}; known: sample, mode, {', '.join(LIMITS)}.")
        values: dict[str, Any] = {
            name: number(given[name], low, high, title, integer=whole)
            for name, (title, low, high, whole) in LIMITS.items()
            if name in given
        }
        if "sample" in given:
            values["sample"] = number(given["sample"], 0, n_samples - 1, "Sample", integer=True)
        if "mode" in given:
            values["mode"] = choice(given["mode"], MODES, "Mind")
        return cls(**values)

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
