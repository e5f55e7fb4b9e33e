"""Runs by name: each builds, fits its data, and knows its own recipe."""

import pytest

from satipatthana.configs import ConfigError, CurriculumConfig, RunConfig, set_path
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.presets import PRESETS, default, local, recipe_of


def test_the_default_is_the_recipe():
    assert default("digits", (1, 28, 28), 10) == RunConfig()
    assert recipe_of(RunConfig().samatha) == CurriculumConfig()


def test_vectors_get_the_other_adapter():
    config = default("moons", (2,), 2, seed=3)
    assert config.samatha.adapter.kind == "mlp" and config.seed == 3 and config.n_classes == 2
    with pytest.raises(ConfigError, match="'local' needs images, but moons are vectors"):
        local("moons", (2,), 2)


@pytest.mark.parametrize(
    ("shape", "dim"), [((1, 28, 28), 2048), ((3, 32, 32), 2048), ((1, 64, 64), 2048), ((1, 48, 20), 12 * 6 * 32)]
)
def test_the_local_network_fits_its_images(shape: tuple[int, ...], dim: int):
    config = local("pictures", shape, 10, seed=5)
    samatha = config.samatha
    assert (samatha.vitakka.dim, config.x_shape, config.seed) == (dim, shape, 5)
    assert (samatha.adapter.kind, samatha.vicara.kind) == ("local", "local")
    assert samatha.augmenter.half_hidden + samatha.augmenter.block_hidden + samatha.augmenter.loud == pytest.approx(0.8)


def test_what_thinks_and_draws_in_the_local_network_is_small():
    system = SatipatthanaSystem(local("digits", (1, 28, 28), 10))
    parts = ("adapter", "vitakka", "vicara", "samatha_recon_head", "aux_head")
    counts = {name: sum(p.numel() for p in system.components()[name].parameters()) for name in parts}
    assert 80_000 < sum(counts.values()) < 90_000, counts
    stored = sum(tensor.numel() * tensor.element_size() for tensor in system.state_dict().values())
    assert stored < 4_500_000  # a saved run stays small though D is 2,048


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("vitakka", ["standard", "keyed"])
def test_a_recipe_is_told_from_the_network(name: str, vitakka: str):
    config = set_path(PRESETS[name]("digits", (1, 28, 28), 10, 0), "samatha.vitakka.kind", vitakka)
    assert recipe_of(config.samatha) == config.curriculum
