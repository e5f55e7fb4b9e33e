import numpy as np
import pytest
import torch
from scipy.spatial.distance import mahalanobis
from sklearn.neighbors import NearestNeighbors
from torch import nn

from satipatthana.components.adapters import CnnAdapter, MlpAdapter
from satipatthana.components.familiarity import ROUGHNESS, Familiarity
from satipatthana.components.vipassana import METRICS, FamiliarVipassana, make_vipassana
from satipatthana.configs import CnnAdapterConfig, FamiliarVipassanaConfig, MlpAdapterConfig
from satipatthana.core.system import SatipatthanaSystem, TrainingStage
from satipatthana.measures import roughness
from satipatthana.train.records import capture, rebuild
from tests.tiny import log_of, tiny_config, tiny_digits, tiny_system

D, N_SEEN = 3, 4
IMPRESSIONS = (3, 1)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def known() -> Familiarity:
    made = Familiarity(FamiliarVipassanaConfig(n_known=40, n_nearest=5), D, IMPRESSIONS)
    made.fit(
        torch.randn(40, D, generator=rng()), torch.randn(40, N_SEEN, generator=rng(1)) * torch.tensor([1, 2, 3, 0.5])
    )
    return made


def test_the_nearest_ends_are_scikit_learns_without_the_very_nearest(known: Familiarity):
    s_star = torch.randn(7, D, generator=rng(2))
    theirs = NearestNeighbors(n_neighbors=6).fit(known.ends.double().numpy()).kneighbors(s_star.double().numpy())[0]
    found = known(s_star, torch.zeros(7, N_SEEN))[:, 0]
    assert found.numpy() == pytest.approx(np.log(1e-3 + theirs[:, 1:].mean(axis=1)), abs=1e-5)


def test_the_impression_is_scipys_mahalanobis(known: Familiarity):
    seen = (torch.randn(40, N_SEEN, generator=rng(1)) * torch.tensor([1, 2, 3, 0.5])).double().numpy()
    covariance = np.cov(seen.T)
    inverse = np.linalg.inv(covariance + np.diag(1e-3 * np.diag(covariance) + 1e-6))
    asked = torch.randn(5, N_SEEN, generator=rng(3))
    found = known(torch.zeros(5, D), asked)[:, 1]
    theirs = [np.log(1e-3 + mahalanobis(row, seen.mean(axis=0), inverse) ** 2) for row in asked.double().numpy()]
    assert found.numpy() == pytest.approx(theirs, abs=1e-4)


def test_the_first_activation_also_stands_alone(known: Familiarity):
    seen = (torch.randn(40, N_SEEN, generator=rng(1)) * torch.tensor([1, 2, 3, 0.5])).double().numpy()[:, :3]
    covariance = np.cov(seen.T)
    inverse = np.linalg.inv(covariance + np.diag(1e-3 * np.diag(covariance) + 1e-6))
    asked = torch.randn(5, N_SEEN, generator=rng(3))
    theirs = [np.log(1e-3 + mahalanobis(row, seen.mean(axis=0), inverse) ** 2) for row in asked[:, :3].double().numpy()]
    assert known(torch.zeros(5, D), asked)[:, 2].numpy() == pytest.approx(theirs, abs=1e-4)
    asked[:, 3] += 9  # what later activations say does not count there
    assert known(torch.zeros(5, D), asked)[:, 2].numpy() == pytest.approx(theirs, abs=1e-4)


def test_roughness_comes_last_and_is_no_part_of_a_distance(known: Familiarity):
    rough = Familiarity(FamiliarVipassanaConfig(n_known=40, n_nearest=5), D, IMPRESSIONS, rough=True)
    seen = torch.randn(40, N_SEEN, generator=rng(1)) * torch.tensor([1, 2, 3, 0.5])
    rough.fit(torch.randn(40, D, generator=rng()), torch.cat([seen, torch.rand(40, 1, generator=rng(6))], dim=1))
    s_star, asked = torch.randn(5, D, generator=rng(2)), torch.randn(5, N_SEEN, generator=rng(3))
    found = rough(s_star, torch.cat([asked, torch.full((5, 1), 0.25)], dim=1))
    assert found.shape == (5, 4) and torch.equal(found[:, :3], known(s_star, asked))
    assert found[:, 3].numpy() == pytest.approx(np.log(1e-3 + 0.25))


def test_what_is_known_is_nearer_than_a_stranger(known: Familiarity):
    mean = known.impression_mean[None]
    own, strange = known(known.ends[:1].float(), mean), known(known.ends[:1].float() + 50, mean + 50)
    assert (own < strange).all()


def test_a_neighbour_changes_nothing(known: Familiarity):
    s_star, impression = torch.randn(9, D, generator=rng(4)), torch.randn(9, N_SEEN, generator=rng(5))
    alone = torch.cat([known(s_star[i : i + 1], impression[i : i + 1]) for i in range(9)])
    assert torch.equal(known(s_star, impression), alone)


def test_few_known_ones_stand_more_than_once():
    made = Familiarity(FamiliarVipassanaConfig(n_known=7, n_nearest=2), D, IMPRESSIONS)
    few = torch.randn(3, D, generator=rng())
    made.fit(few, torch.randn(3, N_SEEN, generator=rng()))
    assert torch.equal(made.ends.float(), few.half().float().repeat(3, 1)[:7])
    assert made(few, torch.zeros(3, N_SEEN)).isfinite().all()


def test_an_impression_is_mean_and_spread_of_every_channel():
    adapter = CnnAdapter(CnnAdapterConfig(channels=(3, 5)), (1, 28, 28), D, rng()).eval()
    x = torch.rand(2, 1, 28, 28, generator=rng()) * 2 - 1
    first = adapter.net[:3](x)
    second = adapter.net[3:6](first)
    found = adapter.impression(x)
    assert adapter.impressions == (6, 10) and found.shape == (2, 16)
    by_hand = [part for a in (first, second) for part in (a.mean(dim=(2, 3)), a.std(dim=(2, 3), correction=0))]
    assert torch.allclose(found, torch.cat(by_hand, dim=1))
    moved = torch.zeros(1, 1, 28, 28)
    moved[..., 8:12, 8:12] = 1.0
    there = moved.roll(4, dims=3)  # a whole stride further
    assert torch.allclose(adapter.impression(moved), adapter.impression(there), atol=1e-4)


def test_the_impression_of_a_vector_is_its_hidden_activations():
    adapter = MlpAdapter(MlpAdapterConfig(hidden=6), (2,), D, rng())
    x = torch.randn(4, 2, generator=rng())
    found = adapter.impression(x)
    assert adapter.impressions == (6, 6) and found.shape == (4, 12)
    assert torch.equal(found[:, :6], adapter.net[:2](x)) and torch.equal(found[:, 6:], adapter.net[:4](x))


@pytest.mark.parametrize("rough", [False, True])
def test_the_metrics_are_the_eight_and_three_more_and_of_pictures_four(rough: bool):
    config = FamiliarVipassanaConfig(context_dim=6, hidden=5, n_known=8, n_nearest=2)
    vipassana = make_vipassana(config, D, rng(), IMPRESSIONS, rough)
    assert isinstance(vipassana, FamiliarVipassana)
    log = log_of([[0.0] * D, [1.0] * D], [[1.0] * D, [1.0] * D], taken=[[True, False]])
    probes, error, impression = torch.eye(D), torch.tensor([0.1, 0.1]), torch.rand(2, N_SEEN + rough, generator=rng())
    metrics = vipassana.measure(log.states[-1], log, probes, error, impression)
    assert metrics.shape == (2, 11 + rough) and len(vipassana.metric_names) == 11 + rough == len(METRICS) + 3 + rough
    assert (vipassana.metric_names[-1] == ROUGHNESS) == rough
    assert (metrics[1] == 0).all(), "no step was taken, so there is nothing to judge"
    assert torch.equal(metrics[0, 8:], vipassana.known(log.states[-1], impression)[0])
    insight = vipassana(log.states[-1], log, probes, error, impression)
    assert insight.metrics is not None and torch.equal(insight.metrics, metrics) and insight.trust[1] == 0


def test_the_impression_of_an_adapter_that_says_no_more_is_z():
    adapter = nn.Sequential(nn.Flatten(), nn.Linear(784, 16))
    system = SatipatthanaSystem(tiny_config(), parts={"adapter": adapter})
    x = tiny_digits().x[:3]
    seen = system.impression(x)
    assert torch.equal(seen[:, :-1], adapter(x)) and torch.equal(seen[:, -1], roughness(x))
    assert system(x).insight.metrics is not None


def test_a_vector_has_no_roughness():
    system = SatipatthanaSystem(tiny_config({"x_shape": [2], "samatha.adapter.kind": "mlp"}))
    assert len(system.vipassana.metric_names) == 11
    x = torch.rand(4, 2, generator=rng())
    assert torch.equal(system.impression(x), system.samatha.adapter.impression(x))


def test_no_keyframe_keeps_what_was_measured_once():
    system = tiny_system()
    x = tiny_digits().x
    system.vipassana.known.fit(system.think(x).s_star.detach(), system.impression(x))
    frame = capture(system, TrainingStage.VIPASSANA_TRAINING, 1, 1)
    assert frame.tensors and not any("known" in key for key in frame.tensors)
    past = rebuild(system, [frame], 0)
    assert torch.equal(past.vipassana.known.ends, system.vipassana.known.ends)
    assert torch.equal(past.vipassana.known.impression_precision, system.vipassana.known.impression_precision)
