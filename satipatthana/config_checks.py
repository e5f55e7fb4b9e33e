"""What a setting may be: one error, and the checks that every config shares."""


class ConfigError(ValueError):
    """A setting that cannot be used; the message gives the value, what was expected and what to do."""


RENAMED = {
    "gate_threshold": "'gate_threshold' was split in two: use 'training_gate_threshold' (lets learning start, "
    "default -1) and 'inference_gate_threshold' (which inputs may think, default -1)."
}


def check(ok: bool, message: str) -> None:
    if not ok:
        raise ConfigError(message)


WIDEST = 8192
"""Of a layer: a slip of the keyboard must not ask for a terabyte."""
MOST_STEPS = 1_000_000


def positive(owner: object, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        check(value > 0, f"{type(owner).__name__}.{name} is {value}; it must be above 0.")


def width(owner: object, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        check(1 <= value <= WIDEST, f"{type(owner).__name__}.{name} is {value}; expected 1 to {WIDEST}.")


def one_of(owner: object, name: str, known: tuple[str, ...]) -> None:
    value = getattr(owner, name)
    check(value in known, f"{type(owner).__name__}.{name} is {value!r}; known: {', '.join(known)}.")


def share(owner: object, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        check(0 <= value <= 1, f"{type(owner).__name__}.{name} is {value}; it must lie between 0 and 1.")
