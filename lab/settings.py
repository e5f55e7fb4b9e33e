"""What a person chooses for a new run, in plain names: known without importing torch, checked before it is built."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.limits import BadInput, choice, number, show
from satipatthana.configs import RunConfig, from_dict, set_path, to_dict

DATASETS = ("digits", "moons", "mnist", "fashion-mnist", "kmnist", "cifar10")
VITAKKAS = ("standard", "keyed")
VICARAS = ("injected", "standard")
SATIS = ("fixed", "threshold")
VIPASSANAS = ("familiar", "grounded", "standard")
UPSAMPLINGS = ("resize", "transpose", "transpose3", "pixelshuffle", "pixelshuffle_icnr")
VECTOR_NOISE = 0.15
DEVICES = ("auto", "cpu", "cuda")

SEEDS = (0, 2**31 - 1)
DIMS = (2, 512)
N_PROBES = (2, 64)
N_STEPS = (1, 50)
SATI_THRESHOLDS = (1e-4, 1.0)


@dataclass(frozen=True)
class NewRun:
    """The dials of *new run*; the defaults are the recipe's."""

    data: str = "digits"
    seed: int = 0
    dim: int = 64
    n_probes: int = 10
    n_steps: int = 10
    vitakka: str = "standard"
    vicara: str = "injected"
    sati: str = "fixed"
    sati_threshold: float = 0.02
    """Read by the threshold sati only."""
    vipassana: str = "familiar"
    upsampling: str = "resize"
    device: str = "auto"


def checked(settings: Mapping[str, Any]) -> NewRun:
    """What a page sent as settings of a new run; what it left out is the default. Raises BadInput."""
    if not isinstance(settings, Mapping):
        raise BadInput(f"The settings are {show(settings)}; expected names with values. Reload the page.")
    known = [item.name for item in dataclasses.fields(NewRun)]
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise BadInput(f"The settings name {show(unknown[0])}; known: {', '.join(known)}. Reload the page.")
    given = {**{item.name: item.default for item in dataclasses.fields(NewRun)}, **settings}
    return NewRun(
        data=choice(given["data"], DATASETS, "Data"),
        seed=number(given["seed"], *SEEDS, "Seed", integer=True),
        dim=number(given["dim"], *DIMS, "D", integer=True),
        n_probes=number(given["n_probes"], *N_PROBES, "K", integer=True),
        n_steps=number(given["n_steps"], *N_STEPS, "T", integer=True),
        vitakka=choice(given["vitakka"], VITAKKAS, "Vitakka"),
        vicara=choice(given["vicara"], VICARAS, "Vicara"),
        sati=choice(given["sati"], SATIS, "Sati"),
        sati_threshold=number(given["sati_threshold"], *SATI_THRESHOLDS, "Sati threshold"),
        vipassana=choice(given["vipassana"], VIPASSANAS, "Vipassana"),
        upsampling=choice(given["upsampling"], UPSAMPLINGS, "Upsampling"),
        device=choice(given["device"], DEVICES, "Device"),
    )


def base_config(data: str, x_shape: tuple[int, ...], n_classes: int, seed: int = 0) -> RunConfig:
    """The recipe for a data set: images get the convolutional adapter, vectors the other."""
    image = len(x_shape) == 3
    plain = {
        "data": data,
        "seed": seed,
        "x_shape": list(x_shape),
        "n_classes": n_classes,
        "samatha": {
            "adapter": {"kind": "cnn" if image else "mlp"},
            # points of a plane have nothing but their place: noise of .7 would leave none of it
            "augmenter": {} if image else {"max_noise": VECTOR_NOISE},
        },
    }
    return from_dict(RunConfig, plain)


def run_config(new: NewRun, x_shape: tuple[int, ...], n_classes: int) -> RunConfig:
    """The whole config of a new run. Raises ConfigError for what no network can be."""
    base = base_config(new.data, x_shape, n_classes, new.seed)
    plain = to_dict(set_path(base, "samatha.vitakka.kind", new.vitakka))
    sati = {"kind": new.sati, "n_steps": new.n_steps}
    if new.sati == "threshold":
        sati["threshold"] = new.sati_threshold
    plain["samatha"]["vitakka"] |= {"dim": new.dim, "n_probes": new.n_probes}
    plain["samatha"] |= {"vicara": {"kind": new.vicara}, "sati": sati}
    plain["vipassana"] = {"kind": new.vipassana}
    plain["recon"]["upsampling"] = new.upsampling
    return from_dict(RunConfig, plain)
