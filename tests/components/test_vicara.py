import copy

import pytest
import torch

from satipatthana.components.vicara import InjectedVicara, LocalVicara, StandardVicara, UnitConv, make_vicara
from satipatthana.configs import InjectedVicaraConfig, LocalVicaraConfig, StandardVicaraConfig
from tests.tiny import tiny_trainer

D, H = 16, 24
GRID = (4, 2, 2)
WIDE = (3, 4, 6)


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


@pytest.mark.parametrize(
    "config", [InjectedVicaraConfig(hidden=H), StandardVicaraConfig(), LocalVicaraConfig(hidden=5)]
)
def test_a_sample_alone_is_the_sample_in_a_batch(config):
    vicara = make_vicara(config, D, rng(), GRID).eval()
    s, z = torch.randn(2, 5, D, generator=rng())
    assert torch.allclose(vicara(s, z)[3:4], vicara(s[3:4], z[3:4]), atol=1e-6)


# --- on a grid ----------------------------------------------------------------------------------------------------


def local(seed: int = 0, grid: tuple[int, int, int] = WIDE, **dials) -> LocalVicara:
    vicara = make_vicara(LocalVicaraConfig(hidden=5, **dials), grid[0] * grid[1] * grid[2], rng(seed), grid)
    assert isinstance(vicara, LocalVicara)
    return vicara


def matrix(kernel: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """The whole linear map of a convolution on a zero-padded grid, column by column."""
    size = kernel.shape[1] * rows * columns
    basis = torch.eye(size, dtype=kernel.dtype).view(size, kernel.shape[1], rows, columns)
    return torch.nn.functional.conv2d(basis, kernel, padding=1).flatten(1).T


def norm_of(layer: UnitConv) -> float:
    """Of the map as a step uses it."""
    return float(torch.linalg.matrix_norm(matrix(layer.unit().detach(), *layer.right.shape[2:]), ord=2))


def test_a_local_step_is_the_formula():
    vicara = local(beta=0.3, kappa=0.7).eval()
    s, z = torch.randn(2, 5, 72, generator=rng())
    a, b = (matrix(layer.unit(), 4, 6) for layer in (vicara.enter, vicara.leave))
    drive = torch.einsum("hc,bcp->bhp", vicara.inject.weight[:, :, 0, 0], z.view(5, 3, 24))
    hidden = torch.relu(s @ a.T + (drive + vicara.inject.bias[:, None]).flatten(1))
    assert torch.allclose(vicara(s, z), 0.7 * s + 0.3 * torch.tanh(0.7 * hidden @ b.T), atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_the_maps_on_the_grid_have_norm_1(seed: int):
    vicara = local(seed).eval()
    for layer in (vicara.enter, vicara.leave):
        assert abs(norm_of(layer) - 1) < 2e-3
        # the kernel's own norm, as a matrix, is another number
        assert abs(float(torch.linalg.matrix_norm(layer.unit().detach().flatten(1), ord=2)) - 1) > 0.02


def test_training_follows_the_norm_and_looking_leaves_it():
    vicara = local()
    optimizer = torch.optim.AdamW(vicara.parameters(), lr=0.01)
    s, z = torch.randn(2, 8, 72, generator=rng())
    for _ in range(20):
        vicara(s, z).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    before = vicara.enter.right.clone()
    assert abs(norm_of(vicara.enter) - 1) < 0.1 and not torch.equal(vicara.enter.right, before)
    vicara.eval()
    before = vicara.enter.right.clone()
    first = vicara(s, z)
    assert torch.equal(vicara(s, z), first) and torch.equal(vicara.enter.right, before)
    assert abs(norm_of(vicara.enter) - 1) < 2e-3  # the weights have moved since it was last asked


def test_what_is_remembered_of_a_norm_goes_with_the_weights():
    vicara, other = local().eval(), local(1).eval()
    norm_of(vicara.enter)
    vicara.load_state_dict(other.state_dict())
    assert torch.equal(vicara.enter.unit(), other.enter.unit())
    double = copy.deepcopy(vicara).double()
    assert double.enter.unit().dtype == torch.float64 and abs(norm_of(double.enter) - 1) < 2e-3
    with torch.no_grad():
        vicara.enter.weight.mul_(3).add_(0.1)
    assert abs(norm_of(vicara.enter) - 1) < 2e-3


def test_below_1_a_local_step_contracts():
    vicara = local(kappa=0.98).eval().requires_grad_(False)
    z, a = torch.randn(2, 100, 72, generator=rng())
    for distance in (1e-2, 1.0, 10.0):
        b = a + distance * torch.randn(100, 72, generator=rng(3))
        assert float(((vicara(a, z) - vicara(b, z)).norm(dim=1) / (a - b).norm(dim=1)).max()) <= 0.992
    ends = [settle(vicara, start, z[:2]) for start in torch.randn(2, 2, 72, generator=rng(2))]
    assert torch.allclose(*ends, atol=1e-4) and float((ends[0][0] - ends[0][1]).norm()) > 0.05


def test_a_place_hears_its_neighbours_only():
    vicara = local().eval().requires_grad_(False)
    s, z = torch.randn(2, 1, 72, generator=rng())
    nudged = s.clone().view(1, *WIDE)
    nudged[0, :, 0, 0] += 1
    differs = (vicara(s, z) != vicara(nudged.flatten(1), z)).view(*WIDE).any(dim=0)
    assert differs[:3, :3].any() and not differs[3:].any() and not differs[:, 3:].any()  # two 3x3 convolutions


def test_the_norm_on_the_grid_lets_gradient_through():
    for mode in (True, False):
        vicara = local().train(mode)
        vicara(torch.randn(4, 72, generator=rng()), torch.randn(4, 72, generator=rng(1))).square().sum().backward()
        for name, parameter in vicara.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
        kernel = vicara.enter.weight
        along = (kernel.grad * kernel.detach()).sum() / kernel.grad.norm() / kernel.detach().norm()  # type: ignore[union-attr]
        assert abs(float(along)) < 1e-4


def test_a_local_vicara_needs_a_grid():
    with pytest.raises(ValueError, match="needs the grid of a local adapter"):
        make_vicara(LocalVicaraConfig(), D, rng())
