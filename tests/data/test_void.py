"""Void families: each is what its name says, at every size, from the generator alone."""

import numpy as np
import pytest
import torch
from torch import Tensor

from satipatthana.data import (
    HELD_OUT_VOIDS,
    TRAINED_VOIDS,
    DataError,
    letters,
    load_dataset,
    make_void,
    mix_voids,
    void,
    void_families,
)
from satipatthana.data.void import WIDE_VOIDS, wide_voids

ALL = TRAINED_VOIDS + HELD_OUT_VOIDS
VECTOR = ("gaussian", "uniform", "constant", "overlay", "average")


def _luck(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _images(n: int = 12, channels: int = 1, side: int = 28, seed: int = 5) -> Tensor:
    return torch.rand(n, channels, side, side, generator=_luck(seed)) * 2 - 1


def test_what_is_trained_on_is_not_held_out():
    assert not set(TRAINED_VOIDS) & set(HELD_OUT_VOIDS)
    assert void_families((1, 28, 28)) == void_families((3, 64, 64)) == ALL


@pytest.mark.parametrize("side", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("family", ALL + WIDE_VOIDS)
def test_every_family_at_every_size(family: str, channels: int, side: int):
    x = _images(6, channels, side)
    before = x.clone()
    made = make_void(family, x, _luck(1))
    assert made.shape == x.shape and made.dtype == x.dtype
    assert made.isfinite().all() and made.min() >= -1 and made.max() <= 1
    assert torch.equal(x, before)
    made.zero_()  # nothing that is given back shares memory with the input
    assert torch.equal(x, before)
    assert torch.equal(make_void(family, x, _luck(1)), make_void(family, x, _luck(1)))


@pytest.mark.parametrize(
    "family", ["gaussian", "uniform", "constant", "patch-shuffle", "overlay", "average", "letters"]
)
def test_another_seed_is_another_void_and_the_global_seed_is_none(family: str):
    x = _images()
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = make_void(family, x, _luck(1))
        torch.manual_seed(2)
        assert torch.equal(first, make_void(family, x, _luck(1)))
    assert not torch.equal(first, make_void(family, x, _luck(2)))


def test_gaussian_has_a_scale_of_its_own_per_sample():
    made = make_void("gaussian", torch.zeros(400, 1, 28, 28), _luck())
    spread = made.flatten(1).std(dim=1)
    low, high = void.GAUSSIAN_SCALES
    assert low * 0.9 < spread.min() < low * 1.3 and spread.max() > 0.7 * high  # the widest are clipped at 1
    small = made[spread < 0.3].flatten(1)  # hardly clipped: normal
    kurtosis = ((small / small.std(dim=1, keepdim=True)) ** 4).mean()
    assert kurtosis == pytest.approx(3.0, abs=0.1)


def test_uniform_fills_the_range():
    made = make_void("uniform", torch.zeros(50, 1, 28, 28), _luck())
    assert float(made.mean()) == pytest.approx(0.0, abs=0.01)
    assert float(made.std()) == pytest.approx(3**-0.5, abs=0.01)


def test_constant_is_one_level_a_sample():
    made = make_void("constant", _images(200, 3), _luck()).flatten(1)
    assert torch.equal(made, made[:, :1].expand_as(made))
    assert made[:, 0].unique().numel() == 200 and made.min() < -0.9 and made.max() > 0.9


def test_patch_shuffle_moves_whole_patches_and_keeps_every_pixel():
    x = torch.arange(16.0).view(4, 4).repeat_interleave(8, 0).repeat_interleave(8, 1) / 16  # one value a patch
    x = x.expand(20, 3, 32, 32) + torch.tensor([0.0, 0.01, 0.02]).view(3, 1, 1)
    made = make_void("patch-shuffle", x, _luck())
    assert torch.equal(made.flatten(2).sort(-1)[0], x.flatten(2).sort(-1)[0])
    patches = made.unfold(2, 8, 8).unfold(3, 8, 8)
    assert torch.equal(patches, patches[..., :1, :1].expand_as(patches))  # each patch stayed in one piece
    assert torch.allclose(made[:, 1] - made[:, 0], torch.tensor(0.01))  # the channels moved together
    assert len({row.numpy().tobytes() for row in made}) == 20  # every sample in an order of its own


def test_patch_shuffle_leaves_the_rows_that_do_not_fill_a_patch():
    x = _images(3, 1, 30)
    made = make_void("patch-shuffle", x, _luck())
    assert torch.equal(made[:, :, 28:], x[:, :, 28:]) and torch.equal(made[..., 28:], x[..., 28:])
    assert torch.equal(made.flatten(1).sort()[0], x.flatten(1).sort()[0])


def test_inverted_rotated_and_flipped_are_exact():
    x = _images(2, 3, 32)
    assert torch.equal(make_void("inverted", x, _luck()), -x)
    assert torch.equal(make_void("flipped", x, _luck())[:, :, 0], x[:, :, -1])
    turned = make_void("rotated", x, _luck())
    assert np.array_equal(turned[1, 2].numpy(), np.rot90(x[1, 2].numpy()))


def _partners(mixed: Tensor, x: Tensor, join) -> list[int]:
    """For every row the one other row that it was mixed with."""
    found = [[j for j in range(len(x)) if torch.equal(mixed[i], join(x[i], x[j]))] for i in range(len(x))]
    assert all(len(js) == 1 for js in found)
    return [js[0] for js in found]


def test_overlay_and_average_mix_every_input_with_another_one():
    x = _images(9)
    joins = {"overlay": torch.maximum, "average": lambda a, b: (a + b) / 2}
    for family, join in joins.items():
        made = make_void(family, x, _luck())
        partners = _partners(made, x, join)
        assert sorted(partners) == list(range(9)) and all(i != j for i, j in enumerate(partners))
        if family == "overlay":
            assert (made >= x).all() and (made >= x[partners]).all()


def test_a_batch_of_one_has_no_partner():
    for family in ("overlay", "average"):
        with pytest.raises(DataError, match="mixes two inputs"):
            make_void(family, _images(1), _luck())
    made, index = mix_voids(_images(1), _luck())
    assert made.shape == (1, 1, 28, 28) and TRAINED_VOIDS[int(index[0])] != "overlay"


# --- letters ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [28, 32, 64])
def test_letters_are_drawn_like_digits(side: int):
    made = letters.draw_letters(300, side, side, _luck())
    ink = (made[:, 0] + 1) / 2
    assert made.shape == (300, 1, side, side)
    assert (ink.flatten(1).amax(1) > 0.6).all()
    assert (ink.flatten(1) > 0.5).float().mean(1).max() < 0.35  # strokes, not blots
    # Centre of mass in the middle, as in MNIST.
    at = torch.arange(side) + 0.5
    for axis in (1, 2):
        centre = (ink.sum(axis) * at).sum(1) / ink.sum((1, 2))
        assert (centre - side / 2).abs().max() < 0.03 * side
    # Longer side within MNIST's box times the scale, and nothing cut off at the border.
    low, high = (scale * letters.MNIST_BOX * side for scale in letters.SCALES)
    drawn = ink > 0.1
    extent = torch.maximum(drawn.any(2).sum(1), drawn.any(1).sum(1))
    assert extent.min() >= low - 2 and extent.max() <= high + 2
    border = torch.cat([ink[:, 0], ink[:, -1], ink[:, :, 0], ink[:, :, -1]], dim=1)
    assert border.max() < 0.5


def test_letters_differ_from_each_other_and_look_like_no_digit():
    assert not set(letters.LETTERS) & set("OoDQIiljJtrZzSsGbTYBgqydp0123456789")
    assert len(set(letters.LETTERS)) == len(letters.LETTERS) >= 20
    masters = letters._masters(28, 28).flatten(1)
    distance = torch.cdist(masters, masters) / masters.norm(dim=1)
    assert distance.fill_diagonal_(9.0).min() > 0.3
    made = make_void("letters", _images(64), _luck())
    assert len({row.numpy().tobytes() for row in made}) == 64


def test_letters_are_as_heavy_as_digits():
    digits = load_dataset("digits").validation.x
    drawn = make_void("letters", digits, _luck())
    assert float(drawn.mean()) == pytest.approx(float(digits.mean()), abs=0.15)


def test_a_pillow_that_cannot_draw_says_so(monkeypatch: pytest.MonkeyPatch):
    from PIL import ImageFont

    def old(size: float) -> None:
        raise ImportError("The _imagingft C module is not installed")

    monkeypatch.setattr(ImageFont, "load_default", old)
    letters._masters.cache_clear()
    with pytest.raises(DataError, match=r"Pillow >= 10.1 with FreeType"):
        make_void("letters", _images(), _luck())


# --- mixtures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [64, 7, 6, 3, 2])
def test_a_mixture_has_equal_shares(n: int):
    made, index = mix_voids(_images(n), _luck(), TRAINED_VOIDS)
    counts = index.bincount(minlength=6)
    assert counts.sum() == n and counts.max() - counts.min() <= 1
    assert made.shape == (n, 1, 28, 28) and made.min() >= -1 and made.max() <= 1


def test_each_row_of_a_mixture_is_of_its_family():
    x = _images(60, 3, 32)
    made, index = mix_voids(x, _luck(3))
    rows = {family: torch.nonzero(index == i)[:, 0] for i, family in enumerate(TRAINED_VOIDS)}
    assert torch.equal(made[rows["inverted"]], -x[rows["inverted"]])
    constant = made[rows["constant"]].flatten(1)
    assert torch.equal(constant, constant[:, :1].expand_as(constant))
    shuffled = rows["patch-shuffle"]
    assert torch.equal(made[shuffled].flatten(1).sort()[0], x[shuffled].flatten(1).sort()[0])
    for row in rows["overlay"].tolist():  # the partner comes from the whole batch
        others = torch.cat([x[:row], x[row + 1 :]])
        assert (made[row] == torch.maximum(x[row], others)).flatten(1).all(1).sum() == 1


def test_a_mixture_is_the_generators_alone():
    x = _images(20)
    first, again, other = (mix_voids(x, _luck(seed)) for seed in (1, 1, 2))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])


def test_a_mixture_of_chosen_families():
    made, index = mix_voids(_images(10), _luck(), ["letters", "inverted"])
    assert index.bincount().tolist() == [5, 5]
    assert torch.equal(made[index == 1], -_images(10)[index == 1])


# --- vectors and shapes for which a family does not exist ---------------------------------------------------


def test_vectors_have_the_families_that_need_no_pixels():
    x = load_dataset("moons").validation.x
    assert void_families((2,)) == VECTOR
    for family in VECTOR:
        made = make_void(family, x, _luck())
        assert made.shape == x.shape and made.min() >= -1 and made.max() <= 1
    _, index = mix_voids(x, _luck())
    assert sorted(TRAINED_VOIDS[i] for i in index.unique().tolist()) == sorted(set(VECTOR) & set(TRAINED_VOIDS))
    with pytest.raises(DataError, match=r"'rotated' does not exist for samples \(2,\), expected one of: gaussian"):
        make_void("rotated", x, _luck())
    with pytest.raises(DataError, match="none of the void families"):
        mix_voids(x, _luck(), ("rotated", "letters"))


def test_odd_images_lose_the_families_that_would_change_them():
    assert set(ALL) - set(void_families((1, 28, 32))) == {"rotated"}
    assert set(ALL) - set(void_families((1, 8, 8))) == {"letters"}
    assert set(ALL) - set(void_families((1, 3, 3))) == {"letters", "patch-shuffle"}
    for family in void_families((1, 28, 32)):
        x = torch.zeros(2, 1, 28, 32)
        assert make_void(family, x, _luck()).shape == x.shape
    with pytest.raises(DataError, match=r"expected an image \(C, H, W\) or a vector \(F,\)"):
        void_families((28, 28))


def test_an_unknown_family_lists_the_known_ones():
    for call in (
        lambda: make_void("noise", _images(), _luck()),
        lambda: mix_voids(_images(), _luck(), ["noise"]),
    ):
        with pytest.raises(DataError, match="unknown void family 'noise', expected one of: gaussian, uniform"):
            call()
    with pytest.raises(DataError, match=r"expected floating point \(B, C, H, W\) or \(B, F\)"):
        make_void("uniform", torch.zeros(2, 28, 28), _luck())


# --- the wider ones -------------------------------------------------------------------------------------------------


def test_cutmix_is_one_input_up_to_a_cut_and_the_other_from_there():
    x, other = torch.full((40, 1, 28, 28), -1.0), torch.full((40, 1, 28, 28), 1.0)
    made = make_void("cutmix", x, _luck(), other)
    across, down = 0, 0
    for image in made[:, 0]:
        columns, rows = (image > 0).all(dim=0), (image > 0).all(dim=1)
        right = columns if bool(columns.any()) else rows
        across, down = across + bool(columns.any()), down + bool(rows.any())
        start = int(right.int().argmax())
        assert 10 <= start <= 21 and right[start:].all() and not right[:start].any()
    assert across and down and across + down == 40
    with pytest.raises(DataError, match="mixes two inputs"):
        make_void("cutmix", x[:1], _luck())


def test_clouds_are_black_and_white_smooth_and_of_all_channels_alike():
    made = make_void("clouds", _images(30), _luck())
    assert set(made.unique().tolist()) == {-1.0, 1.0}
    changes = (made.diff(dim=3) != 0).float().mean()
    assert changes < 0.25, "white noise would change at every second pixel"
    ink = (made > 0).float().mean(dim=(1, 2, 3))
    assert float(ink.min()) < 0.2 < float(ink.max())


def test_vectors_have_no_wider_voids():
    assert wide_voids((2,)) == () and set(wide_voids((1, 28, 28))) == {"cutmix", "clouds"}
    with pytest.raises(DataError, match="does not exist"):
        make_void("clouds", torch.zeros(3, 2), _luck())
