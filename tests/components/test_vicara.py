import pytest
import torch

from satipatthana.components.vicara import InjectedVicara, StandardVicara, make_vicara
from satipatthana.configs import InjectedVicaraConfig, StandardVicaraConfig
from tests.tiny import tiny_trainer

D, H = 16, 24


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def injected(seed: int = 0, **dials) -> InjectedVicara:
    vicara = make_vicara(InjectedVicaraConfig(hidden=H, **dials), D, rng(seed))
    assert isinstance(vicara, InjectedVicara)
    return vicara.requires_grad_(False)


@pytest.fixture(scope="module")
def trained() -> InjectedVicara:
    """After steps that tear at the weights."""
    trainer = tiny_trainer({"curriculum.stage1.learning_rate": 0.05})
    trainer.train_stage(1)
    return trainer.system.samatha.vicara.requires_grad_(False)  # type: ignore[return-value]


def test_one_step_is_the_formula():
    vicara = injected(beta=0.3, kappa=0.7)
    s, z = torch.randn(2, 5, D, generator=rng())
    hidden = torch.relu(s @ vicara.enter.weight.T + vicara.enter.bias + z @ vicara.inject.weight.T)  # type: ignore[union-attr]
    pull = torch.tanh(0.7 * hidden @ vicara.leave.weight.T + z @ vicara.anchor.weight.T + vicara.anchor.bias)  # type: ignore[union-attr]
    assert torch.allclose(vicara(s, z), 0.7 * s + 0.3 * pull, atol=1e-6)
    assert torch.equal(vicara.begin(z)(s), vicara(s, z))


@pytest.mark.parametrize("seed", range(4))
def test_both_matrices_have_norm_1_from_the_start(seed: int):
    for matrix in (injected(seed).enter.weight, injected(seed).leave.weight):
        assert abs(float(torch.linalg.matrix_norm(matrix, ord=2)) - 1) < 1e-4  # type: ignore[arg-type]


@pytest.mark.parametrize("training", [True, False])
def test_training_leaves_the_norms_at_1(trained: InjectedVicara, training: bool):
    trained.train(training)
    for matrix in (trained.enter.weight, trained.leave.weight):
        assert float(torch.linalg.matrix_norm(matrix, ord=2)) <= 1 + 1e-4  # type: ignore[arg-type]


@pytest.mark.parametrize("which", ["fresh", "trained"])
def test_a_step_contracts_at_the_promised_rate(which: str, trained: InjectedVicara):
    vicara = trained.eval() if which == "trained" else injected()
    beta, kappa = vicara.config.beta, vicara.config.kappa
    norms = [float(torch.linalg.matrix_norm(m, ord=2)) for m in (vicara.enter.weight, vicara.leave.weight)]  # type: ignore[arg-type]
    bound = (1 - beta) + beta * kappa * norms[0] * norms[1]
    assert bound <= 0.7 + 1e-3
    z = torch.randn(200, D, generator=rng(1))
    a = torch.randn(200, D, generator=rng(2))
    for distance in (1e-2, 1.0, 10.0):
        b = a + distance * torch.randn(200, D, generator=rng(3))
        rate = (vicara(a, z) - vicara(b, z)).norm(dim=1) / (a - b).norm(dim=1)
        assert float(rate.max()) <= bound + 1e-4


def test_without_the_norm_the_weights_are_bare():
    vicara = injected(spectral_norm=False)
    assert [name for name, _ in vicara.enter.named_parameters()] == ["weight", "bias"]
    assert abs(float(torch.linalg.matrix_norm(vicara.enter.weight, ord=2)) - 1) > 0.01  # type: ignore[arg-type]


def test_the_norm_lets_gradient_through():
    vicara = make_vicara(InjectedVicaraConfig(hidden=H), D, rng())
    vicara(torch.randn(4, D, generator=rng()), torch.randn(4, D, generator=rng(1))).square().sum().backward()
    for name, parameter in vicara.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
    # scaling a normed matrix changes nothing, so no gradient points along it
    original = vicara.enter.parametrizations["weight"].original  # type: ignore[union-attr,index]
    along = (original.grad * original.detach()).sum() / original.grad.norm() / original.detach().norm()
    assert abs(float(along)) < 1e-4


def settle(vicara, s: torch.Tensor, z: torch.Tensor, steps: int = 200) -> torch.Tensor:
    step = vicara.begin(z)
    for _ in range(steps):
        s = step(s)
    return s


def test_where_a_thought_ends_depends_on_the_input_and_not_on_the_start():
    """Failure 12: without injection, to contract is to forget."""
    vicara = injected()
    z = torch.randn(2, D, generator=rng(1))
    starts = torch.randn(2, 2, D, generator=rng(2))
    ends = torch.stack([settle(vicara, start, z) for start in starts])
    assert torch.allclose(ends[0], ends[1], atol=1e-5)
    assert (ends[0, 0] - ends[0, 1]).norm() > 0.1


def test_a_standard_vicara_sees_only_the_state():
    vicara = make_vicara(StandardVicaraConfig(beta=0.25), D, rng()).requires_grad_(False)
    assert isinstance(vicara, StandardVicara)
    s, z = torch.randn(2, 5, D, generator=rng())
    assert torch.equal(vicara(s, z), vicara(s, -z))
    assert torch.allclose(vicara(s, z), 0.75 * s + 0.25 * vicara.phi(s), atol=1e-6)


@pytest.mark.parametrize("config", [InjectedVicaraConfig(hidden=H), StandardVicaraConfig()])
def test_a_sample_alone_is_the_sample_in_a_batch(config):
    vicara = make_vicara(config, D, rng())
    s, z = torch.randn(2, 5, D, generator=rng())
    assert torch.allclose(vicara(s, z)[3:4], vicara(s[3:4], z[3:4]), atol=1e-6)
