import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, confusion_matrix

from satipatthana.diagnostics.calibration import answer_figures, brier, confusion, reliability, risk_coverage


@pytest.fixture
def answers():
    """200 stated confidences, all different, and what was right: less often than said."""
    generator = np.random.default_rng(1)
    confidence = generator.permutation(np.linspace(0.5, 0.99, 200))
    return confidence, generator.random(200) < confidence - 0.1


def test_bins_against_scikit_learn(answers):
    confidence, correct = answers
    found = reliability(confidence, correct, seed=0)
    accuracy, said = calibration_curve(correct, confidence, n_bins=10, strategy="quantile")
    assert [share.value for share in found.accuracy] == pytest.approx(accuracy) and found.confidence == pytest.approx(
        said
    )
    assert found.count.tolist() == [20] * 10
    assert found.ece == pytest.approx(np.abs(accuracy - said).mean())
    assert all(share.low < share.value < share.high for share in found.accuracy)


def test_an_error_by_hand():
    found = reliability(np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, True, True, False]), seed=0, bins=2)
    assert found.confidence.tolist() == pytest.approx([0.6, 0.9])
    assert [share.value for share in found.accuracy] == [0.5, 1.0]
    assert found.ece == pytest.approx(0.1)
    few = reliability(np.array([0.7, 0.8]), np.array([True, True]), seed=0)
    assert few.count.tolist() == [1, 1]
    with pytest.raises(ValueError, match="0 answers"):
        reliability(np.zeros(0), np.zeros(0, dtype=bool), seed=0)


def test_who_is_as_right_as_he_says_errs_only_by_chance():
    generator = np.random.default_rng(0)
    confidence = generator.random(4000)
    found = reliability(confidence, generator.random(4000) < confidence, seed=0)
    assert found.ece == pytest.approx(found.ece_by_chance, abs=0.008)
    # one bin of n answers that are right half the time: mean |error| of a binomial share is sqrt(1 / (2 pi n))
    coin = reliability(np.full(400, 0.5), generator.random(400) < 0.5, seed=0, bins=1)
    assert coin.ece_by_chance == pytest.approx(1 / np.sqrt(2 * np.pi * 400), rel=0.15)


def test_brier_against_scikit_learn():
    generator = np.random.default_rng(2)
    one = generator.random(50)
    labels = generator.integers(2, size=50)
    found = brier(np.stack([1 - one, one], axis=1), labels)
    assert found.mean() == pytest.approx(2 * brier_score_loss(labels, one))
    assert brier(np.array([[1.0, 0, 0], [0, 1, 0]]), np.array([0, 2])).tolist() == [0, 2]


def test_risk_by_hand_and_ties_in_any_order():
    found = risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False]))
    assert found.coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert found.risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert found.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    tied = risk_coverage(np.array([0.5, 0.5, 0.5, 0.5]), np.array([True, False, True, False]))
    assert tied.risk.tolist() == [0.5] * 4 and tied.area == 0.5
    with pytest.raises(ValueError, match="0 answers"):
        risk_coverage(np.zeros(0), np.zeros(0, dtype=bool))


def test_the_area_does_not_depend_on_the_order_of_equal_scores():
    score, correct = np.array([0.2, 0.9, 0.2, 0.2]), np.array([True, True, False, True])
    order = np.array([3, 0, 1, 2])
    here, there = risk_coverage(score, correct), risk_coverage(score[order], correct[order])
    assert np.array_equal(here.risk, there.risk) and here.area == there.area


def test_nobody_beats_who_knows_what_is_right():
    correct = np.random.default_rng(0).random(100) < 0.6
    best = risk_coverage(correct.astype(float), correct)
    right = int(correct.sum())
    expected = [max(0, k - right) / k for k in range(1, 101)]
    assert best.risk == pytest.approx(expected)
    assert all(best.area <= risk_coverage(np.random.default_rng(seed).random(100), correct).area for seed in range(20))


def test_confusion_against_scikit_learn():
    generator = np.random.default_rng(3)
    labels, answers = generator.integers(4, size=60), generator.integers(4, size=60)
    assert np.array_equal(confusion(labels, answers, 4), confusion_matrix(labels, answers, labels=range(4)))


def test_all_figures_of_answers():
    generator = np.random.default_rng(4)
    labels = generator.integers(3, size=90)
    logits = generator.normal(size=(90, 3)) + 2 * np.eye(3)[labels]
    probabilities = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    found = answer_figures(probabilities, labels, {"surest": probabilities.max(axis=1)}, seed=0)
    correct = probabilities.argmax(axis=1) == labels
    assert found.n == 90 and found.accuracy.value == pytest.approx(correct.mean())
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high
    assert np.trace(found.confusion) == correct.sum()
    # the best order gives all right answers first: no risk up to the accuracy
    best = found.curves["best"].risk
    assert best[: correct.sum()].max() == 0 and best[-1] == pytest.approx(1 - correct.mean())
    assert found.curves["best"].area <= found.curves["surest"].area
    with pytest.raises(ValueError, match="not a number"):
        answer_figures(np.full((2, 3), np.nan), labels[:2], {}, seed=0)
