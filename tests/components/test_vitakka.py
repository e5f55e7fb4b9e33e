import math

import pytest
import torch
from torch.nn import functional as F

from satipatthana.components.vitakka import KeyedVitakka, StandardVitakka, make_vitakka
from satipatthana.configs import KeyedVitakkaConfig, StandardVitakkaConfig


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def vitakka(probes: list[list[float]], **dials) -> StandardVitakka:
    config = StandardVitakkaConfig(dim=len(probes[0]), n_probes=len(probes), **dials)
    made = StandardVitakka(config, rng())
    with torch.no_grad():
        made.probes.copy_(torch.tensor(probes))
    return made.requires_grad_(False)


AXES = [[2.0, 0.0], [0.0, 0.5]]  # of different lengths, on purpose


def test_the_first_guess_is_cosine_attention():
    z = torch.tensor([[3.0, 4.0]])
    s0, meta = vitakka(AXES, temperature=0.5, probe_share=0.75)(z)
    assert torch.allclose(meta.similarities, torch.tensor([[0.6, 0.8]]))  # the probes' lengths do not count
    attention = torch.softmax(torch.tensor([[0.6, 0.8]]) / 0.5, dim=1)
    assert torch.allclose(meta.attention, attention)
    assert torch.allclose(s0, 0.25 * z + 0.75 * attention @ torch.tensor(AXES))
    assert meta.winner.tolist() == [1]


def test_probes_start_normalised_and_seeded():
    config = StandardVitakkaConfig(dim=8, n_probes=5)
    first, again, other = (StandardVitakka(config, rng(seed)).probes for seed in (0, 0, 1))
    assert torch.allclose(first.norm(dim=1), torch.ones(5))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_hard_attention_chooses_one_and_still_teaches():
    chooser = vitakka(AXES, attention="hard", probe_share=1.0).requires_grad_()
    z = torch.tensor([[3.0, 4.0], [5.0, 1.0]], requires_grad=True)
    s0, meta = chooser(z)
    assert torch.allclose(meta.attention, torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    assert torch.allclose(s0, torch.tensor([[0.0, 0.5], [2.0, 0.0]]))
    s0.square().sum().backward()
    assert z.grad is not None and z.grad.abs().sum() > 0  # straight through
    assert chooser.probes.grad is not None and (chooser.probes.grad.abs().sum(dim=1) > 0).all()


def test_a_share_of_0_passes_z_and_of_1_only_probes():
    z = torch.tensor([[3.0, 4.0]])
    assert torch.equal(vitakka(AXES, probe_share=0.0)(z)[0], z)
    other = vitakka(AXES, probe_share=1.0)
    assert torch.equal(other(z)[0], other(10 * z)[0])


# --- the gate -------------------------------------------------------------------------------------------------------


def test_a_shut_gate_lets_nothing_in():
    z = torch.tensor([[1.0, 0.0], [1.0, 1.0], [-1.0, -1.0]])  # largest cosines 1, .707, -.707
    s0, meta = vitakka(AXES, inference_gate_threshold=0.8)(z)
    assert meta.gate.tolist() == [1, 0, 0]
    assert s0[0].abs().sum() > 0
    assert s0[1:].abs().sum() == 0  # every shut-out sample starts in the same place
    assert torch.allclose(meta.gate_similarity, torch.tensor([1.0, math.sqrt(0.5), -math.sqrt(0.5)]))
    assert meta.threshold == 0.8


@pytest.mark.parametrize("limit", [-1.0, 0.0, 0.6])
def test_a_similarity_at_the_threshold_is_let_in(limit: float):
    assert vitakka([[1.0, 0.0], [1.0, 0.0]])._open(torch.tensor([limit]), limit).tolist() == [1]


def test_each_call_says_which_gate_applies():
    """Failure 4: a gate for inference must not keep learning from starting."""
    gated = vitakka(AXES, inference_gate_threshold=0.99)
    z = torch.tensor([[1.0, 1.0]])
    for training in (True, False):  # the mode of the module is no argument
        gated.train(training)
        assert gated(z)[1].gate.tolist() == [0]
        assert gated(z, gate="training")[1].gate.tolist() == [1]
    strict = vitakka(AXES, training_gate_threshold=0.99)
    assert strict(z)[1].gate.tolist() == [1]
    assert strict(z, gate="training")[1].gate.tolist() == [0]


@pytest.mark.parametrize("gate", ["training", "inference"])
def test_the_default_lets_everything_in(gate):
    z = torch.tensor([[-1.0, -1.0], [0.0, 0.0], [1e-9, -1e9]])
    opened = vitakka([[1.0, 1.0], [1.0, 1.0]])
    assert opened(z, gate=gate)[1].gate.tolist() == [1, 1, 1]
    opened.fit_gate_keys(torch.randn(80, 2, generator=rng()), rng())
    assert opened(z, gate=gate)[1].gate.tolist() == [1, 1, 1]


def test_a_call_can_bring_its_own_threshold():
    z = torch.tensor([[1.0, 1.0]])
    _, meta = vitakka(AXES)(z, threshold=0.9)
    assert meta.gate.tolist() == [0] and meta.threshold == 0.9
    assert vitakka(AXES, training_gate_threshold=0.9)(z, gate="training", threshold=0.0)[1].gate.tolist() == [1]


def test_a_soft_gate_is_a_sigmoid():
    z = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    s0, meta = vitakka(AXES, gate="soft", gate_temperature=0.1, inference_gate_threshold=0.9)(z)
    expected = torch.sigmoid(torch.tensor([0.1, math.sqrt(0.5) - 0.9]) / 0.1)
    assert torch.allclose(meta.gate, expected)
    whole, _ = vitakka(AXES)(z)
    assert torch.allclose(s0, expected[:, None] * whole)


def test_a_latent_that_is_no_number_stays_outside():
    assert vitakka(AXES)(torch.tensor([[math.nan, 1.0]]))[1].gate.tolist() == [0]


# --- gate keys ------------------------------------------------------------------------------------------------------


def clumps(n: int = 200) -> torch.Tensor:
    """Two clumps around (3, 2) and (3, -2)."""
    centres = torch.tensor([[3.0, 2.0], [3.0, -2.0]])
    return centres[torch.arange(n) % 2] + 0.1 * torch.randn(n, 2, generator=rng())


def test_before_the_keys_are_fitted_the_probes_gate():
    gated = vitakka(AXES)
    z = torch.tensor([[1.0, 1.0]])
    assert not gated.has_gate_keys
    assert torch.allclose(gated.gate_similarity(z), gated.similarities(z).amax(dim=1))


def test_the_keys_compare_directions_from_the_mean():
    gated = vitakka(AXES, n_gate_keys=2)
    gated.fit_gate_keys(clumps(), rng())
    assert gated.has_gate_keys
    assert torch.allclose(gated.gate_mean, torch.tensor([3.0, 0.0]), atol=0.05)
    assert torch.allclose(gated.gate_keys.norm(dim=1), torch.ones(2))
    up, down = sorted(gated.gate_keys.tolist(), reverse=True, key=lambda key: key[1])
    assert torch.allclose(torch.tensor([up, down]), torch.tensor([[0.0, 1.0], [0.0, -1.0]]), atol=0.05)
    # (3, 9) points where the clumps are; (9, 0) does not, though its bare cosine to both clumps is large
    similar = gated.gate_similarity(torch.tensor([[3.0, 9.0], [9.0, 0.0]]))
    assert torch.allclose(similar, torch.tensor([1.0, 0.0]), atol=0.1)
    assert gated.shut(torch.tensor([[3.0, 9.0], [9.0, 0.0]]), 0.5).tolist() == [False, True]


def test_the_keys_gate_inference_and_leave_training_alone():
    gated = vitakka(AXES, n_gate_keys=2, inference_gate_threshold=0.5)
    gated.fit_gate_keys(clumps(), rng())
    z = torch.tensor([[9.0, 0.0]])
    assert gated(z)[1].gate.tolist() == [0]
    _, meta = gated(z, gate="training", threshold=0.9)
    assert torch.allclose(meta.gate_similarity, torch.ones(1)) and meta.gate.tolist() == [1]


def test_keys_are_a_function_of_the_data_and_the_generator():
    keys = []
    for _ in range(2):
        gated = vitakka(AXES, n_gate_keys=5)
        gated.fit_gate_keys(clumps(), rng(3))
        keys.append(gated.gate_keys.clone())
        assert gated.gate_similarity(clumps()).min() > 0.9
    assert torch.equal(keys[0], keys[1])


def test_with_fewer_samples_than_keys_some_keys_stand_twice():
    gated = vitakka(AXES, n_gate_keys=7)
    gated.fit_gate_keys(clumps(4), rng())
    assert gated.gate_keys.shape == (7, 2)
    assert torch.allclose(gated.gate_keys.norm(dim=1), torch.ones(7), atol=1e-5)


def test_probes_start_where_the_data_is():
    guess = vitakka(AXES)
    guess.fit_probes(clumps(), rng())
    found = guess.probes[guess.probes[:, 1].argsort(descending=True)]
    assert torch.allclose(found, torch.tensor([[3.0, 2.0], [3.0, -2.0]]), atol=0.05)


def test_a_sample_alone_is_the_sample_in_a_batch():
    guess = StandardVitakka(StandardVitakkaConfig(dim=8, n_probes=5, n_gate_keys=6), rng())
    z = torch.randn(9, 8, generator=rng(1))
    guess.fit_gate_keys(z, rng())
    s0, meta = guess(z, threshold=0.3)
    alone, only = guess(z[4:5], threshold=0.3)
    assert torch.allclose(s0[4:5], alone, atol=1e-6)
    assert torch.allclose(meta.gate_similarity[4:5], only.gate_similarity, atol=1e-6)
    assert torch.allclose(F.softmax(meta.similarities / 0.1, dim=1), meta.attention)


def test_whitening_shows_what_varies_little():
    """Data wide along x, and strangers that differ in the other direction alone."""
    known = torch.randn(300, 2, generator=rng()) * torch.tensor([10.0, 0.1])
    stranger = torch.tensor([[10.0, 1.0], [-10.0, -1.0]])
    plain, white = (vitakka(AXES, n_gate_keys=2, gate_whitening=power) for power in (0.0, 0.5))
    for gated in (plain, white):
        gated.fit_gate_keys(known, rng())
    assert len(plain.gate_whitening) == 0  # nothing to keep, which of a wide latent would be much
    assert plain.gate_similarity(stranger).min() > 0.99 > white.gate_similarity(stranger).max()


def test_gate_keys_of_before_whitening_still_gate():
    old = vitakka(AXES, n_gate_keys=2, gate_whitening=0.0)
    old.fit_gate_keys(clumps(), rng())
    state = {key: value for key, value in old.state_dict().items() if key != "gate_whitening"}
    young = vitakka(AXES, n_gate_keys=2)
    young.load_state_dict(state)
    assert torch.equal(young.gate_similarity(clumps()), old.gate_similarity(clumps()))


# --- keys apart from values -----------------------------------------------------------------------------------------


def keyed(keys: list[list[float]], mean: tuple[float, ...] = (0.0, 0.0), **dials) -> KeyedVitakka:
    made = make_vitakka(KeyedVitakkaConfig(dim=len(keys[0]), n_probes=len(keys), **dials), rng())
    assert isinstance(made, KeyedVitakka)
    made.keys, made.mean = torch.tensor(keys), torch.tensor(mean)
    return made.requires_grad_(False)


def test_the_kind_decides():
    assert type(make_vitakka(StandardVitakkaConfig(dim=4), rng())) is StandardVitakka
    probes = [make_vitakka(kind(dim=4), rng()).probes for kind in (StandardVitakkaConfig, KeyedVitakkaConfig)]
    assert torch.equal(*probes)  # the same start, to be compared


def test_z_is_compared_with_keys_and_answered_by_probes():
    guess = keyed([[1.0, 0.0], [0.0, 1.0]], mean=(1.0, 1.0), temperature=0.5, probe_share=1.0)
    guess.probes.copy_(torch.tensor([[5.0, 5.0], [-5.0, 0.0]]))
    s0, meta = guess(torch.tensor([[4.0, 5.0]]))
    assert torch.allclose(meta.similarities, torch.tensor([[0.6, 0.8]]))
    assert torch.allclose(s0, torch.softmax(torch.tensor([[1.2, 1.6]]), dim=1) @ guess.probes)


def test_keys_and_mean_follow_by_the_closed_form():
    guess = keyed([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], mean=(1.0, 0.0), mean_rate=0.1, key_rate=0.06, key_step=0.2)
    z = torch.tensor([[4.0, 4.0], [5.0, 3.0], [6.0, 0.0], [1.0, 2.0]])  # u: (.6, .8), (.8, .6), (1, 0), (0, 1)
    guess.follow(z, torch.tensor([0, 0, 0, 1]))
    # key 0 has 3 of 4 samples: .06 * 3 * 3 / 4 = .135 of the way to their mean (.8, .4667); key 1: .045 to (0, 1)
    assert torch.allclose(guess.keys[0], torch.tensor([1.0, 0.0]) + 0.135 * torch.tensor([-0.2, 1.4 / 3]), atol=1e-6)
    assert torch.allclose(guess.keys[1:], torch.tensor([[0.0, 1.0], [-1.0, -1.0]]))
    assert torch.allclose(guess.mean, torch.tensor([1.3, 0.225]))


def test_no_key_goes_further_than_its_longest_step():
    guess = keyed([[1.0, 0.0], [-1.0, 0.0]], key_rate=1.0, key_step=0.25)
    guess.follow(torch.tensor([[0.0, 2.0], [0.0, 4.0]]), torch.tensor([0, 0]))  # 1 * 2 * 2 / 2 would be twice the way
    assert torch.allclose(guess.keys, torch.tensor([[0.75, 0.25], [-1.0, 0.0]]))


def test_keys_follow_in_training_mode_alone_and_never_into_the_gradient():
    guess = keyed([[1.0, 0.0], [0.0, 1.0]]).requires_grad_()
    z = torch.tensor([[3.0, 1.0], [1.0, 2.0]], requires_grad=True)
    guess.eval()(z)
    assert guess.keys.tolist() == [[1, 0], [0, 1]]
    first, _ = guess.train()(z)
    guess(z)  # a second call before the first one's backward pass
    first.square().sum().backward()
    assert not torch.equal(guess.keys, torch.eye(2)) and guess.mean.abs().sum() > 0
    assert z.grad is not None and guess.probes.grad is not None
    assert guess.keys.grad_fn is None and {name for name, _ in guess.named_parameters()} == {"probes"}


def test_refitted_keys_are_for_looking_and_the_moving_ones_go_on():
    guess = keyed([[1.0, 0.2], [1.0, -0.2]], refit_steps=5).eval()
    moving = guess.keys.clone()
    guess.refit_keys(clumps() - torch.tensor([0.0, 1.0]))
    assert torch.allclose(guess.settled_mean, torch.tensor([3.0, -1.0]), atol=0.05)
    assert torch.allclose(guess.settled_keys, torch.tensor([[0.0, 1.0], [0.0, -1.0]]), atol=0.05)
    assert torch.equal(guess.keys, moving)
    z = torch.tensor([[3.0, 4.0]])
    assert torch.allclose(guess.similarities(z), torch.tensor([[1.0, -1.0]]), atol=0.05)
    guess.train()
    assert not torch.allclose(guess.similarities(z), torch.tensor([[1.0, -1.0]]), atol=0.05)
    guess(z)
    assert not guess.eval().settled  # it trained on: what was measured no longer holds


def test_keys_start_in_the_directions_of_the_probes():
    guess = keyed(AXES)
    guess.fit_probes(clumps(), rng())
    assert torch.allclose(guess.mean, clumps().mean(dim=0))
    assert torch.allclose(guess.keys, F.normalize(guess.probes - guess.mean, dim=1))
    assert guess(clumps())[1].winner.bincount().tolist() == [100, 100]
