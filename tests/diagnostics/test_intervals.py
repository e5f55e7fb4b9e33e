import numpy as np
import pytest
from scipy import stats

from satipatthana.diagnostics.intervals import bootstrap_mean, bootstrap_means, percentiles, resamples, wilson


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (3, 7), (7, 7), (967, 1000)])
def test_wilson_is_scipys(hits: int, n: int):
    found = wilson(hits, n)
    theirs = stats.binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert found.low <= found.value == hits / n <= found.high


def test_the_bootstrap_of_a_mean_is_the_normal_interval_of_many_samples():
    values = np.random.default_rng(1).exponential(size=2000)
    found = bootstrap_mean(values, seed=0)
    reach = 1.96 * values.std() / np.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.1 * reach)


def test_columns_stay_paired():
    values = np.random.default_rng(1).normal(size=(300, 1))
    first, second, difference = bootstrap_means(np.hstack([values, values + 0.5, np.full_like(values, 0.5)]), seed=0)
    assert second.low - first.low == pytest.approx(0.5)
    assert (difference.low, difference.high) == pytest.approx((0.5, 0.5))


def test_resamples_draw_with_replacement_and_the_same_again():
    drawn = resamples(40, seed=3)
    assert drawn.shape == (1000, 40) and np.all(drawn.sum(axis=1) == 40) and drawn.max() > 1
    assert np.array_equal(drawn, resamples(40, seed=3))
    assert not np.array_equal(drawn, resamples(40, seed=3, stream="clean"))
    # each sample stands once in a draw on average, with the variance of a binomial
    assert drawn.var() == pytest.approx(1 - 1 / 40, rel=0.03)


def test_percentiles_of_a_known_distribution():
    found = percentiles(50.0, np.arange(101.0))
    assert (found.value, found.low, found.high) == pytest.approx((50, 2.5, 97.5))


def test_nothing_has_no_interval():
    with pytest.raises(ValueError, match="0 of 0"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="0 samples"):
        bootstrap_mean(np.zeros(0), seed=0)
