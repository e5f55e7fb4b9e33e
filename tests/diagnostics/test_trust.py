import pytest
import torch
from sklearn.metrics import roc_auc_score

from satipatthana.components.vipassana import SCORES
from satipatthana.data import DataError, void_families
from satipatthana.diagnostics.trust import PathScores, ScoreFigures, path_figures, score_figures, score_paths

PATHS = ("clean", "augmented", "drunk", "mismatch", "mismatch_same_class")


def test_order_and_gap_stand_together():
    clean, path = torch.tensor([0.51, 0.52]), torch.tensor([0.50, 0.505])
    found = score_figures(clean, path)
    assert found.auroc == 1.0
    assert found.gap == pytest.approx(0.0125)
    assert found.mean == pytest.approx(0.5025)


def test_figures_against_scikit_learn(generator):
    paths = {
        "clean": PathScores(torch.rand(40, 3, generator=generator) + 0.2),
        "drunk": PathScores(torch.rand(25, 3, generator=generator)),
    }
    found = path_figures(paths)
    for index, score in enumerate(SCORES):
        clean, drunk = paths["clean"].scores[:, index], paths["drunk"].scores[:, index]
        expected = roc_auc_score([1] * 40 + [0] * 25, torch.cat([clean, drunk]).numpy())
        assert found["drunk"][score].auroc == pytest.approx(expected)
        assert found["drunk"][score].gap == pytest.approx(float(clean.mean() - drunk.mean()), abs=1e-6)
        assert found["clean"][score].mean == pytest.approx(float(clean.mean()), abs=1e-6)
        assert found["clean"][score].auroc is None and found["clean"][score].gap is None


def test_what_is_not_there_is_none():
    some = torch.tensor([0.5, 0.6])
    assert score_figures(some, torch.zeros(0)) == ScoreFigures(None)
    assert score_figures(some, torch.tensor([torch.nan, 0.1])) == ScoreFigures(None)
    beside_nothing = score_figures(torch.tensor([torch.nan]), some)
    assert beside_nothing.mean == pytest.approx(0.55) and beside_nothing.auroc is None


def test_every_path_is_walked(system, bundle):
    x, y = bundle.test.x, bundle.test.y
    paths = score_paths(system, x, y, seed=0)
    assert set(paths) == {*PATHS, *(f"void_{name}" for name in void_families(x.shape[1:]))}
    assert all(path.scores.shape == (60, 3) for path in paths.values())
    assert all(path.scores.min() >= 0 and path.scores.max() <= 1 for path in paths.values())
    assert all((path.gate_similarity is None) == name.startswith("mismatch") for name, path in paths.items())
    again = score_paths(system, x, y, seed=0, families=("letters",))
    assert set(again) == {*PATHS, "void_letters"}
    assert all(torch.equal(path.scores, paths[name].scores) for name, path in again.items())


def test_paths_are_what_they_say(system, bundle):
    x, y = bundle.test.x[:4], torch.tensor([0, 1, 1, 2])
    paths = score_paths(system, x, y, seed=3, families=("inverted",))
    with torch.no_grad():
        clean, inverted = system(x), system(-x)
        assert torch.allclose(paths["clean"].scores[:, :1], clean.insight.trust, atol=1e-6)
        assert torch.allclose(paths["void_inverted"].scores[:, 2:], inverted.insight.confidence, atol=1e-6)
        # the two ones are taken for each other; nobody else has a classmate
        swap = torch.tensor([2, 1])
        insight = system.judge(clean.s_star[swap], clean.santana.rows(swap), x[1:3])
    assert torch.allclose(paths["mismatch_same_class"].scores[:, :1], insight.trust, atol=1e-6)
    assert paths["mismatch"].scores.shape == (4, 3)


def test_luck_is_a_sample_s_own(system, bundle):
    few = score_paths(system, bundle.test.x[:3], bundle.test.y[:3], seed=0, families=())
    many = score_paths(system, bundle.test.x[:9], bundle.test.y[:9], seed=0, families=())
    for name in ("augmented", "drunk"):
        assert torch.allclose(few[name].scores, many[name].scores[:3], atol=1e-6)
        assert not torch.allclose(many[name].scores, many["clean"].scores, atol=1e-6)


def test_one_input_alone_has_nobody_to_be_taken_for(system, bundle):
    paths = score_paths(system, bundle.test.x[:1], bundle.test.y[:1], seed=0, families=("uniform",))
    assert len(paths["mismatch"].scores) == 0
    assert path_figures(paths)["mismatch"]["trust"] == ScoreFigures(None)
    with pytest.raises(DataError, match="mixes two inputs"):
        score_paths(system, bundle.test.x[:1], bundle.test.y[:1], seed=0)
