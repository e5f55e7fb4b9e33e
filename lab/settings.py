"""What a person chooses for a new run, in plain names: known without importing torch, checked before it is built."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lab.limits import BadInput, choice, number, show
from satipatthana.configs import KeyedVitakkaConfig, RunConfig, StandardVitakkaConfig, from_dict, to_dict
from satipatthana.presets import DEFAULT, LOCAL, LOCAL_STEPS
from satipatthana.presets import PRESETS as BUILDERS

PRESETS = tuple(BUILDERS)
FIXED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {DEFAULT: {}, LOCAL: {"dim": 2048, "vicara": "local"}}  # D is the size of the grid over 28 or 32 pixels
)
"""What a preset leaves no choice of."""
USUAL: Mapping[str, Mapping[str, Any]] = MappingProxyType({DEFAULT: {}, LOCAL: {"n_steps": LOCAL_STEPS}})
"""What it begins with otherwise than the recipe."""
DATASETS = ("digits", "moons", "mnist", "fashion-mnist", "kmnist", "cifar10")
CARE = {"standard": StandardVitakkaConfig.care, "keyed": KeyedVitakkaConfig.care}
POINTS = ("moons",)
"""Data sets without images."""
VITAKKAS = tuple(CARE)
VICARAS = ("injected", "standard", "local")
SATIS = ("fixed", "threshold")
VIPASSANAS = ("familiar", "grounded", "standard")
UPSAMPLINGS = ("resize", "transpose", "transpose3", "pixelshuffle", "pixelshuffle_icnr")
DEVICES = ("auto", "cpu", "cuda")

LABELS = {"dim": "D", "vicara": "Vicara"}
SEEDS = (0, 2**31 - 1)
DIMS = (2, 512)
N_PROBES = (2, 64)
N_STEPS = (1, 50)
SATI_THRESHOLDS = (1e-4, 1.0)


@dataclass(frozen=True)
class NewRun:
    """The dials of *new run*; the defaults are the recipe's."""

    preset: str = DEFAULT
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


def brings(preset: str) -> dict[str, Any]:
    """The dials at which a preset stands otherwise than the recipe, fixed or not."""
    return {**USUAL[preset], **FIXED[preset]}


def checked(settings: Mapping[str, Any]) -> NewRun:
    """What a page sent as settings of a new run; what it left out is the default. Raises BadInput."""
    if not isinstance(settings, Mapping):
        raise BadInput(f"The settings are {show(settings)}; expected names with values. Reload the page.")
    known = [item.name for item in dataclasses.fields(NewRun)]
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise BadInput(f"The settings name {show(unknown[0])}; known: {', '.join(known)}. Reload the page.")
    preset = choice(settings.get("preset", DEFAULT), PRESETS, "Preset")
    fixed = FIXED[preset]
    given = {**{item.name: item.default for item in dataclasses.fields(NewRun)}, **brings(preset), **settings}
    for name, value in fixed.items():
        if given[name] != value:
            raise BadInput(
                f"{LABELS[name]} is {show(given[name])}, but the preset {preset!r} needs {value!r}; "
                "leave it, or choose another preset."
            )
    if preset == LOCAL and given["data"] in POINTS:
        raise BadInput(f"Data is {show(given['data'])}, but the preset {preset!r} needs images; choose other data.")
    if preset == DEFAULT and given["vicara"] == "local":
        raise BadInput("Vicara is 'local', which needs the local encoder too; choose the preset 'local'.")
    return NewRun(
        preset=preset,
        data=choice(given["data"], DATASETS, "Data"),
        seed=number(given["seed"], *SEEDS, "Seed", integer=True),
        dim=fixed.get("dim") or number(given["dim"], *DIMS, "D", integer=True),
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


def run_config(new: NewRun, x_shape: tuple[int, ...], n_classes: int) -> RunConfig:
    """The whole config of a new run. Raises ConfigError for what no network can be."""
    base = BUILDERS[new.preset](new.data, x_shape, n_classes, new.seed)
    plain = to_dict(base)
    sati = {"kind": new.sati, "n_steps": new.n_steps}
    if new.sati == "threshold":
        sati["threshold"] = new.sati_threshold
    plain["samatha"]["vitakka"] |= {"kind": new.vitakka, "dim": new.dim, "n_probes": new.n_probes}
    plain["curriculum"]["stage1"]["weights"] |= CARE[new.vitakka]
    plain["samatha"]["sati"] = sati
    if new.preset == DEFAULT:
        plain["samatha"]["vicara"] = {"kind": new.vicara}
    if new.vipassana != base.vipassana.kind:
        plain["vipassana"] = {"kind": new.vipassana}
    plain["recon"]["upsampling"] = new.upsampling
    return from_dict(RunConfig, plain)
