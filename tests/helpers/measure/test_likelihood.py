"""Likelihood pieces against SciPy, closed forms and hand-worked cases."""

import math

from helpers.measure.likelihood import (
    bernoulli_nll,
    gaussian_kl,
    gaussian_log_prob,
)

import numpy as np
import pytest
import scipy.stats
from keras import ops

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape).astype("float32")


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def test_kl_of_the_prior_is_exactly_zero_and_elsewhere_positive():
    zero = np.zeros((3, 2), "float32")
    np.testing.assert_array_equal(numpy(gaussian_kl(zero, zero)), 0)
    assert np.all(numpy(gaussian_kl(normal(50, 2), normal(50, 2))) > 0)


def test_kl_agrees_with_numerical_integration():
    mean, log_var = 0.7, -1.3
    q = scipy.stats.norm(mean, math.exp(log_var / 2))
    x = np.linspace(-8, 8, 200_001)
    integrand = q.pdf(x) * (q.logpdf(x) - scipy.stats.norm.logpdf(x))
    kl = gaussian_kl(np.full((1, 4), mean, "f4"), np.full((1, 4), log_var, "f4"))
    assert kl.shape == (1,)
    np.testing.assert_allclose(numpy(kl), 4 * np.trapezoid(integrand, x), rtol=1e-5)


def test_kl_of_a_nearly_normal_posterior_keeps_its_digits():
    log_var = np.full((1, 1), 1e-3, "float32")
    expected = (math.expm1(1e-3) - 1e-3) / 2  # about 2.5e-7; exp(x) - 1 - x gives noise
    kl = numpy(gaussian_kl(np.zeros((1, 1), "f4"), log_var))
    np.testing.assert_allclose(kl, expected, rtol=1e-3)


def test_gaussian_log_prob_agrees_with_scipy():
    z, mean, log_var = normal(5, 3), normal(5, 3), normal(5, 3)
    expected = scipy.stats.norm.logpdf(z, mean, np.exp(log_var / 2)).sum(axis=-1)
    np.testing.assert_allclose(
        numpy(gaussian_log_prob(z, mean, log_var)), expected, rtol=1e-5
    )


def test_gaussian_log_prob_broadcasts_over_importance_samples():
    z, mean, log_var = normal(7, 5, 3), normal(5, 3), normal(5, 3)
    together = numpy(gaussian_log_prob(z, mean, log_var))
    apart = [numpy(gaussian_log_prob(sample, mean, log_var)) for sample in z]
    assert together.shape == (7, 5)
    np.testing.assert_allclose(together, apart, rtol=1e-6)


def test_standard_normal_needs_no_arrays():
    log_prob = numpy(gaussian_log_prob(np.zeros((2, 3), "f4"), 0.0, 0.0))
    np.testing.assert_allclose(log_prob, -1.5 * math.log(2 * math.pi), rtol=1e-6)


def test_log_density_ratio_averages_to_the_kl():
    mean, log_var = np.float32(0.5), np.float32(-0.8)
    z = mean + np.exp(log_var / 2) * normal(100_000, 1)
    ratio = numpy(gaussian_log_prob(z, mean, log_var) - gaussian_log_prob(z, 0.0, 0.0))
    kl = numpy(gaussian_kl(np.full((1, 1), mean), np.full((1, 1), log_var)))[0]
    assert abs(ratio.mean() - kl) < 4 * ratio.std() / math.sqrt(len(ratio))


def test_bernoulli_nll_agrees_with_scipy_and_sums_all_axes_but_the_first():
    x = RNG.integers(0, 2, (4, 5, 6)).astype("float32")
    logits = normal(4, 5, 6)
    probs = 1 / (1 + np.exp(-logits.astype("float64")))
    expected = -scipy.stats.bernoulli.logpmf(x, probs).sum(axis=(1, 2))
    np.testing.assert_allclose(numpy(bernoulli_nll(x, logits)), expected, rtol=1e-5)


def test_no_information_costs_ln_2_a_pixel_whatever_the_pixels():
    x = RNG.uniform(size=(3, 784)).astype("float32")
    nll = numpy(bernoulli_nll(x, np.zeros_like(x)))
    np.testing.assert_allclose(nll, 784 * math.log(2), rtol=1e-5)


def test_bernoulli_nll_of_grey_pixels_is_least_at_their_own_value():
    x = np.full((1, 1), 0.3, "float32")
    own = math.log(0.3 / 0.7)
    losses = [
        numpy(bernoulli_nll(x, np.full((1, 1), own + step, "f4")))[0]
        for step in (-0.2, 0, 0.2)
    ]
    assert losses[1] == min(losses)
    entropy = -0.3 * math.log(0.3) - 0.7 * math.log(0.7)
    np.testing.assert_allclose(losses[1], entropy, rtol=1e-6)


def test_extreme_logits_stay_finite():
    x = np.array([[1.0, 0.0, 1.0]], "float32")
    logits = np.array([[1e4, -1e4, -1e4]], "float32")
    np.testing.assert_allclose(numpy(bernoulli_nll(x, logits)), 1e4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian_kl(normal(2, 3), normal(2, 1)), "one shape"),
        (lambda: bernoulli_nll(normal(2, 3), normal(2, 1)), "one shape"),
        (lambda: gaussian_log_prob(np.float32(0), 0.0, 0.0), "one axis"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
