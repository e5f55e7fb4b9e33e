"""Whole runs by name: the recipe, and a second network in which thinking pays."""

import dataclasses
import math
from collections.abc import Callable

from satipatthana.configs import (
    AugmenterConfig,
    ConfigError,
    CurriculumConfig,
    FamiliarVipassanaConfig,
    FixedStepSatiConfig,
    LocalAdapterConfig,
    LocalVicaraConfig,
    ReconHeadConfig,
    RunConfig,
    SamathaConfig,
    StageConfig,
    StandardVitakkaConfig,
    from_dict,
)

Preset = Callable[[str, tuple[int, ...], int, int], RunConfig]
"""(data, x_shape, n_classes, seed) -> the run. Raises ConfigError for a data set that it is not made for."""
DEFAULT, LOCAL = "default", "local"
VECTOR_NOISE = 0.15
LOCAL_STEPS = 15
"""News crosses two places a step, so a grid of 8 x 8 is crossed in four; the rest is settling."""
LOCAL_KNOWN = 300
"""Ends that its judge remembers: they are as wide as the grid, and a saved run shall stay small."""


def default(data: str, x_shape: tuple[int, ...], n_classes: int, seed: int = 0) -> RunConfig:
    """The recipe: images get the convolutional adapter, vectors the other."""
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


def local(data: str, x_shape: tuple[int, ...], n_classes: int, seed: int = 0) -> RunConfig:
    """The encoder sees patches only and a step of thought only its neighbourhood: the loop has the whole to find.

    It learns from inputs of which most are half hidden or drowned in noise, and is asked for its answer on the way.
    """
    if len(x_shape) != 3:
        raise ConfigError(f"The preset 'local' needs images, but {data} are vectors {x_shape}; choose other data.")
    # on larger pictures larger patches, so that the grid stays near 8 x 8 and its thought within reach
    patch = next((patch for patch in (4, 8) if max(x_shape[1:]) <= 12 * patch), 8)
    adapter = LocalAdapterConfig(patch=patch)
    dim = math.prod(adapter.grid(x_shape))
    return RunConfig(
        data=data,
        seed=seed,
        x_shape=x_shape,
        n_classes=n_classes,
        samatha=SamathaConfig(
            augmenter=AugmenterConfig(half_hidden=0.3, block_hidden=0.25, loud=0.25),
            adapter=adapter,
            # The gate's keys are as wide as the grid: fewer of them, unwhitened, keep a saved run small and are found
            # in five seconds; 500 of them tell letters with an AUROC of .92 instead of .91 (validation, seed 0).
            vitakka=StandardVitakkaConfig(dim=dim, n_gate_keys=100, gate_whitening=0.0),
            vicara=LocalVicaraConfig(),
            sati=FixedStepSatiConfig(LOCAL_STEPS),
        ),
        vipassana=FamiliarVipassanaConfig(n_known=LOCAL_KNOWN),
        recon=ReconHeadConfig(channels=(32, 16)),
        curriculum=_local_curriculum(dim),
    )


def _local_curriculum(dim: int) -> CurriculumConfig:
    recipe = CurriculumConfig()
    stage1 = StageConfig(
        1050,
        3e-3,
        "onecycle",
        clip_norm=1.0,
        weights={
            "reconstruction": 3.0,
            "intermediate": 0.5,
            "guidance": 1.0,
            "early": 1.0,
            # a sum over D coordinates. With this and 15 steps the last step is .004 of the first, on half-hidden digits
            # .006; with .02 and 10 steps it was .020 and .034 (validation, seed 0), at the same accuracy
            "stability": 0.125 * 64 / dim,
            **StandardVitakkaConfig.care,
            "diversity": 0.0,
        },
    )
    return dataclasses.replace(recipe, stage0=dataclasses.replace(recipe.stage0, n_steps=60), stage1=stage1)


PRESETS: dict[str, Preset] = {DEFAULT: default, LOCAL: local}


def recipe_of(config: SamathaConfig) -> CurriculumConfig:
    """The curriculum with which a network of this kind is meant to be trained."""
    recipe = CurriculumConfig()
    if isinstance(config.adapter, LocalAdapterConfig):
        recipe = _local_curriculum(config.vitakka.dim)
    stage1 = dataclasses.replace(recipe.stage1, weights={**recipe.stage1.weights, **config.vitakka.care})
    return dataclasses.replace(recipe, stage1=stage1)
