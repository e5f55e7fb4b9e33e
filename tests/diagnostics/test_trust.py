import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score, roc_curve

from satipatthana.components.vipassana import SCORES
from satipatthana.data import DataError, void_families
from satipatthana.diagnostics.intervals import resamples
from satipatthana.diagnostics.paths import (
    MEASURES,
    answerable,
    given_inputs,
    never_trained_on,
    noise_of,
    path_names,
    walk,
)
from satipatthana.diagnostics.trust import (
    PathScores,
    ScoreFigures,
    Separation,
    path_figures,
    roc,
    score_figures,
    score_paths,
    separation,
    threshold_at,
)
from satipatthana.measures import auroc

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


# --- with intervals -------------------------------------------------------------------------------------------------


@pytest.fixture
def two_sets():
    generator = np.random.default_rng(0)
    return np.round(generator.normal(1, 1, 80), 1), np.round(generator.normal(0, 1, 60), 1)  # rounded: with ties


def test_roc_against_scikit_learn(two_sets):
    clean, path = two_sets
    found = roc(clean, path)
    truth, score = [1] * 80 + [0] * 60, np.concatenate([clean, path])
    fpr, tpr, threshold = roc_curve(truth, score, drop_intermediate=False)
    assert found.false_positive == pytest.approx(fpr) and found.true_positive == pytest.approx(tpr)
    assert found.threshold == pytest.approx(threshold)
    figures = separation(clean, path, seed=0)
    assert figures.auroc is not None and figures.fpr is not None and figures.gap is not None
    assert np.trapezoid(found.true_positive, found.false_positive) == pytest.approx(figures.auroc.value)
    assert figures.fpr.value == pytest.approx(fpr[tpr >= 0.95][0])
    assert figures.gap.value == pytest.approx(clean.mean() - path.mean())
    with pytest.raises(ValueError, match="give both"):
        roc(clean, path[:0])


def test_every_resample_is_what_a_loop_over_it_gives(two_sets):
    clean, path = two_sets
    ours, theirs = resamples(80, 0, "clean"), resamples(60, 0, "path")
    areas, fprs, gaps = [], [], []
    for own, other in zip(ours, theirs, strict=True):
        a, b = np.repeat(clean, own.astype(int)), np.repeat(path, other.astype(int))
        areas.append(auroc(torch.from_numpy(a), torch.from_numpy(b)))
        fprs.append((b >= threshold_at(a)).mean())
        gaps.append(a.mean() - b.mean())
    found = separation(clean, path, seed=0)
    for interval, loop in ((found.auroc, areas), (found.fpr, fprs), (found.gap, gaps)):
        assert interval is not None
        assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=1e-5)


def test_what_is_not_there_has_no_interval():
    some, nothing = np.array([0.5, 0.6, 0.7]), np.zeros(0)
    assert separation(some, nothing, seed=0) == Separation(0, None)
    assert separation(some, np.array([np.nan, 1.0]), seed=0) == Separation(2, None)
    assert separation(np.array([np.nan]), some, seed=0).auroc is None
    itself = separation(some, some, seed=0, itself=True)
    assert itself.mean is not None and itself.auroc is None
    assert itself.mean.value == pytest.approx(0.6)


def test_baselines_stand_beside_the_scores(system, bundle):
    x, y = bundle.test.x[:12], bundle.test.y[:12]
    names = path_names(x.shape[1:], severities=(0.1, 0.7))
    found = dict(walk(system, x, y, seed=1, names=names))
    assert tuple(found) == names
    clean = found["clean"].measures
    with torch.no_grad():
        output = system(x)
        error = (system.decode(output.s_star) - x).square().flatten(1).mean(dim=1)
        nearest = torch.cdist(output.s_star, system.probes).amin(dim=1)
    assert torch.allclose(clean[:, MEASURES.index("max_softmax")], output.logits.softmax(1).amax(1), atol=1e-5)
    assert torch.allclose(clean[:, MEASURES.index("reconstruction")], -error, atol=1e-5)
    assert torch.allclose(clean[:, MEASURES.index("nearest_probe")], -nearest, atol=1e-4)
    mistaken = found["mismatch"]
    assert sorted(mistaken.rows.tolist()) == sorted(mistaken.partners.tolist()) == list(range(12))
    assert bool((mistaken.rows != mistaken.partners).all())
    with torch.no_grad():
        swapped = (system.decode(output.s_star[mistaken.partners]) - x[mistaken.rows]).square().flatten(1).mean(dim=1)
    assert torch.allclose(mistaken.measures[:, MEASURES.index("reconstruction")], -swapped, atol=1e-5)
    weak = (given_inputs(system, "augmented_0.1", x, 1) - x).std()
    assert weak == pytest.approx(0.1, abs=0.01)
    assert torch.equal(given_inputs(system, "drunk", x, 1), x)


def test_paths_are_named_for_what_they_are():
    assert [noise_of(name) for name in ("augmented", "augmented_0.7", "drunk", "void_uniform")] == [0.3, 0.7, 0, 0]
    assert never_trained_on("void_letters") and not never_trained_on("void_uniform") and not never_trained_on("clean")
    assert never_trained_on("void_clouds") and not never_trained_on("void_clouds", wide=True)
    assert never_trained_on("void_letters", wide=True)
    assert answerable("augmented_0.5") and answerable("drunk")
    assert not answerable("mismatch") and not answerable("void_average")
    assert "void_letters" not in path_names((2,)) and "void_gaussian" in path_names((2,))
