import numpy as np
import pytest
import torch

from satipatthana.core.luck import BatchLuck, LuckBySample


def test_luck_is_a_function_of_seed_sample_and_step():
    uniform, normal = LuckBySample(3, [7, 8, 9]).draw(4, 3, 5)
    again = LuckBySample(3, [9, 8]).draw(4, 2, 5)  # others beside it, in another order
    assert torch.equal(uniform[[2, 1]], again[0]) and torch.equal(normal[[2, 1]], again[1])
    for other in (
        LuckBySample(4, [7]).draw(4, 1, 5),
        LuckBySample(3, [6]).draw(4, 1, 5),
        LuckBySample(3, [7]).draw(5, 1, 5),
    ):
        assert not torch.equal(other[0], uniform[:1])
        assert not torch.equal(other[1], normal[:1])


def test_drawing_leaves_no_trace():
    luck = LuckBySample(0, [1])
    first = luck.draw(2, 1, 3)
    luck.noise((1, 4))
    luck.draw(3, 1, 3)
    assert torch.equal(luck.draw(2, 1, 3)[1], first[1])


def test_input_noise_is_a_function_of_seed_and_sample():
    noise = LuckBySample(3, [7, 8]).noise((2, 1, 4, 4))
    assert torch.equal(LuckBySample(3, [8]).noise((1, 1, 4, 4))[0], noise[1])
    assert not torch.equal(LuckBySample(4, [8]).noise((1, 1, 4, 4))[0], noise[1])
    assert not torch.equal(noise[0], noise[1])


def test_noise_and_drunkenness_do_not_share_their_luck():
    luck = LuckBySample(0, [0])
    noise = luck.noise((1, 64))[0]
    for step in range(3):
        assert not np.isin(luck.draw(step, 1, 64)[1][0].numpy(), noise.numpy()).any()


def test_the_draws_are_uniform_and_normal():
    uniform, normal = LuckBySample(0, range(2000)).draw(0, 2000, 8)
    assert uniform.dtype == normal.dtype == torch.float32
    assert uniform.min() >= 0 and uniform.max() < 1
    assert abs(float(uniform.mean()) - 0.5) < 0.02 and abs(float(uniform.std()) - 12**-0.5) < 0.01
    assert abs(float(normal.mean())) < 0.02 and abs(float(normal.std()) - 1) < 0.02
    assert torch.corrcoef(normal.T).triu(1).abs().max() < 0.1


def test_a_batch_of_another_size_is_refused():
    luck = LuckBySample(0, [1, 2])
    with pytest.raises(ValueError, match="2 samples; the batch has 3"):
        luck.draw(0, 3, 4)
    with pytest.raises(ValueError, match="2 samples; the batch has 1"):
        luck.noise((1, 4))


def test_batch_luck_comes_from_its_generator_alone():
    state = torch.get_rng_state()
    draws = []
    for _ in range(2):
        luck = BatchLuck(torch.Generator().manual_seed(5))
        draws.append([luck.noise((2, 3)), *luck.draw(0, 2, 3), *luck.draw(1, 2, 3)])
    assert all(torch.equal(a, b) for a, b in zip(*draws, strict=True))
    assert not torch.equal(draws[0][2], draws[0][4])  # it goes on
    assert torch.equal(torch.get_rng_state(), state)
