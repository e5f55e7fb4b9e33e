import pytest
import torch

from satipatthana.data import DataError
from satipatthana.data.occlusion import hide_block, hide_half


def test_half_of_each_image_is_background(generator):
    x = torch.ones(40, 2, 4, 6)
    found = hide_half(x, generator)
    assert torch.equal((found == -1).float().mean(dim=(1, 2, 3)), torch.full((40,), 0.5))
    sides = {tuple((image[0] == -1).flatten().tolist()) for image in found}
    assert len(sides) == 4  # left, right, top, bottom
    assert torch.equal(found[found != -1], x[found != -1])


def test_the_same_luck_hides_the_same_half():
    x = torch.rand(10, 1, 8, 8)
    first, second = (hide_half(x, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second) and float(x.min()) >= 0, "x itself stays"


def test_a_vector_has_no_half(generator):
    for hide in (hide_half, hide_block):
        with pytest.raises(DataError, match="no half"):
            hide(torch.zeros(3, 2), generator)


def test_a_square_of_each_image_is_background(generator):
    x = torch.ones(40, 2, 8, 6)
    found = hide_block(x, generator, side=3)
    assert ((found == -1).sum(dim=(1, 2, 3)) == 18).all() and torch.equal(found[found != -1], x[found != -1])
    assert torch.equal(hide_block(x, generator), torch.full_like(x, -1))  # larger than the image
