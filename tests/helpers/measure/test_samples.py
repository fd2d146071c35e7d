"""Sample metrics against closed forms, brute force and cases whose answer is known."""

import math
import tracemalloc

from helpers.measure import samples
from helpers.measure.samples import (
    class_kl,
    classes_covered,
    fid,
    kid,
    precision_recall_density_coverage,
)

import numpy as np
import pytest
import scipy.linalg


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def with_moments(mean, covariance, *, seed, num_rows=50):
    """Rows whose sample mean and covariance are exactly those given."""
    x = normal(seed, num_rows, len(mean))
    x -= x.mean(axis=0)
    whitened = x @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(x.T)))).T
    return whitened @ np.linalg.cholesky(covariance).T + mean


def test_fid_of_diagonal_gaussians_is_the_closed_form():
    mean_1, sd_1 = np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 0.5])
    mean_2, sd_2 = np.array([0.5, 1.0, 0.0]), np.array([1.5, 0.1, 0.5])
    real = with_moments(mean_1, np.diag(sd_1**2), seed=0)
    fake = with_moments(mean_2, np.diag(sd_2**2), seed=1)
    expected = np.sum((mean_1 - mean_2) ** 2) + np.sum((sd_1 - sd_2) ** 2)
    assert fid(real, fake) == pytest.approx(expected, rel=1e-9)


def test_fid_agrees_with_the_matrix_square_root_of_scipy():
    a, b = normal(2, 4, 4), normal(3, 4, 4)
    cov_1, cov_2 = a @ a.T + np.eye(4), b @ b.T + np.eye(4)
    mean_1, mean_2 = normal(4, 4), normal(5, 4)
    real = with_moments(mean_1, cov_1, seed=6)
    fake = with_moments(mean_2, cov_2, seed=7, num_rows=80)
    root = scipy.linalg.sqrtm(cov_1 @ cov_2).real
    expected = np.sum((mean_1 - mean_2) ** 2) + np.trace(cov_1 + cov_2 - 2 * root)
    assert fid(real, fake) == pytest.approx(expected, rel=1e-9)
    assert fid(fake, real) == pytest.approx(expected, rel=1e-9)


def test_fid_of_a_set_with_itself_is_zero_even_where_features_are_dead_or_alike():
    x = normal(8, 100, 5)
    x[:, 2], x[:, 3] = 0, x[:, 0] + x[:, 1]
    assert fid(x, x) == pytest.approx(0, abs=1e-9)


def test_fid_is_biased_upwards_by_a_constant_over_the_sample_number():
    def floor(num_rows):
        return np.mean(
            [fid(*normal(seed, 2, num_rows, 8)) for seed in range(20)]
        )  # two sets of one distribution

    small, large = floor(100), floor(400)
    assert small > large > 0
    assert small / large == pytest.approx(4, rel=0.2)


def test_fid_of_a_single_feature():
    real = with_moments(np.zeros(1), np.eye(1), seed=9)
    fake = with_moments(np.ones(1), 4 * np.eye(1), seed=10)
    assert fid(real, fake) == pytest.approx(1 + 1, rel=1e-9)


def test_kid_of_all_rows_is_the_double_sum():
    x, y = normal(0, 6, 3), normal(1, 6, 3) + 0.5

    def kernel(a, b):
        return (np.dot(a, b) / 3 + 1) ** 3

    pairs = [(i, j) for i in range(6) for j in range(6)]
    expected = (
        sum(kernel(x[i], x[j]) + kernel(y[i], y[j]) for i, j in pairs if i != j) / 30
        - 2 * sum(kernel(x[i], y[j]) for i, j in pairs) / 36
    )
    assert kid(x, y, num_subsets=3, seed=0) == pytest.approx(expected)


def test_kid_is_unbiased_where_fid_is_not():
    estimates = [
        kid(*normal(seed, 2, 60, 5), num_subsets=1, seed=0) for seed in range(200)
    ]
    standard_error = np.std(estimates) / math.sqrt(len(estimates))
    assert abs(np.mean(estimates)) < 4 * standard_error
    assert min(estimates) < 0


def test_kid_sees_a_shift_and_repeats_with_its_seed():
    real, fake = normal(0, 300, 5), normal(1, 200, 5) + 1
    first = kid(real, fake, num_subsets=5, subset_size=100, seed=3)
    assert first > 0.1
    assert first == kid(real, fake, num_subsets=5, subset_size=100, seed=3)
    assert first != kid(real, fake, num_subsets=5, subset_size=100, seed=4)


def brute_force(real, fake, k):
    """Precision and the rest, pair by pair, from the definitions."""

    def radius(point, others):
        return sorted(np.linalg.norm(point - other) for other in others)[k]

    real_radii = [radius(point, real) for point in real]
    fake_radii = [radius(point, fake) for point in fake]
    inside_real = [
        [
            np.linalg.norm(f - r) <= radius
            for r, radius in zip(real, real_radii, strict=True)
        ]
        for f in fake
    ]
    inside_fake = [
        [
            np.linalg.norm(f - r) <= radius
            for f, radius in zip(fake, fake_radii, strict=True)
        ]
        for r in real
    ]
    return {
        "precision": np.mean([any(row) for row in inside_real]),
        "recall": np.mean([any(row) for row in inside_fake]),
        "density": np.sum(inside_real) / (k * len(fake)),
        "coverage": np.mean(np.any(inside_real, axis=0)),
    }


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("chunk", [7, 1000])
def test_neighbour_metrics_agree_with_brute_force(monkeypatch, k, chunk):
    monkeypatch.setattr(samples, "CHUNK", chunk)
    real, fake = normal(0, 40, 3), 0.7 * normal(1, 25, 3) + 0.5
    found = precision_recall_density_coverage(real, fake, k=k)
    assert found == pytest.approx(brute_force(real, fake, k))
    assert 0 < found["recall"] < 1 and 0 < found["coverage"] < 1


def test_a_set_against_itself_is_perfect():
    x = normal(2, 200, 4)
    found = precision_recall_density_coverage(x, x, k=5)
    assert found["precision"] == found["recall"] == found["coverage"] == 1


def test_far_away_sets_share_nothing():
    found = precision_recall_density_coverage(
        normal(3, 50, 2), normal(4, 60, 2) + 100, k=3
    )
    assert set(found.values()) == {0}


def test_a_collapsed_mode_costs_recall_and_coverage_but_not_precision():
    real = np.concatenate([normal(5, 200, 2), normal(6, 200, 2) + 50])
    found = precision_recall_density_coverage(real, normal(7, 400, 2), k=5)
    assert found["precision"] > 0.9
    assert found["recall"] < 0.55 and found["coverage"] < 0.55


def test_expected_coverage_of_the_true_distribution():
    """Naeem et al. (2020), equation 10: for N = M, 1 - (N-1)…(N-k) / (2N-1)…(2N-k)."""
    n, k = 300, 3
    missed = np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])
    found = [
        precision_recall_density_coverage(*normal(seed, 2, n, 2), k=k)["coverage"]
        for seed in range(10)
    ]
    error = np.std(found) / math.sqrt(len(found))
    assert abs(np.mean(found) - (1 - missed)) < 4 * error


def test_neighbour_metrics_of_10_000_samples_need_less_than_a_gib():
    num_rows = 3000
    x = normal(8, num_rows, 2)
    tracemalloc.start()
    precision_recall_density_coverage(x, x, k=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    height = min(samples.CHUNK, num_rows)  # rows of the distance matrix in a strip
    strips = peak / (height * num_rows * 8)  # held at once
    assert strips * min(samples.CHUNK, 10_000) * 10_000 * 8 < 2**30


def test_class_kl_of_known_frequencies():
    assert class_kl(np.arange(10).repeat(3)) == pytest.approx(0, abs=1e-12)
    assert class_kl(np.full(7, 4)) == pytest.approx(math.log(10))
    assert class_kl(np.array([0, 1] * 5)) == pytest.approx(math.log(5))
    assert class_kl(np.array([0, 0, 0, 1]), num_classes=2) == pytest.approx(
        0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    )


def test_class_kl_averages_probabilities():
    probs = np.array([[0.9, 0.1], [0.6, 0.4]])
    assert class_kl(probs, num_classes=2) == pytest.approx(
        0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    )
    one_hot = np.eye(10)[[1, 1, 5]]
    assert class_kl(one_hot) == pytest.approx(class_kl(np.array([1, 1, 5])))


def test_classes_covered_leaves_out_rare_ones():
    labels = np.array([0] * 995 + [1] * 5)
    assert classes_covered(labels) == 1
    assert classes_covered(labels, min_fraction=0.005) == 2
    assert classes_covered(labels, min_fraction=0) == 2
    assert classes_covered(np.arange(10)) == 10
    assert classes_covered(np.eye(10)[[3, 3, 7]]) == 2


GOOD = normal(0, 30, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fid(GOOD, normal(1, 30, 5)), r"\(30, 4\) and \(30, 5\)"),
        (lambda: fid(GOOD, GOOD[0]), "two matrices"),
        (lambda: fid(GOOD, GOOD[:4]), "more samples than the 4"),
        (lambda: fid(GOOD[:0], GOOD), "no rows"),
        (lambda: fid(GOOD, np.full((30, 4), np.nan)), "fake features must be finite"),
        (lambda: kid(GOOD, GOOD, subset_size=1, seed=0), "2 rows"),
        (lambda: kid(GOOD, GOOD, num_subsets=0, seed=0), "num_subsets"),
        (lambda: precision_recall_density_coverage(GOOD, GOOD, k=0), "k must"),
        (lambda: precision_recall_density_coverage(GOOD, GOOD, k=30), "k must"),
        (lambda: class_kl(np.array([3, 10])), r"\[0, 9\]"),
        (lambda: class_kl(np.array([-1])), r"\[0, 9\]"),
        (lambda: class_kl(np.array([0.5, 0.5])), "integer labels"),
        (lambda: class_kl(np.ones((3, 10))), "sum to 1"),
        (lambda: class_kl(np.ones((3, 9)) / 9), "probabilities"),
        (lambda: class_kl(np.array([], dtype=int)), "probabilities"),
        (lambda: classes_covered(np.arange(10), min_fraction=2), "min_fraction"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
