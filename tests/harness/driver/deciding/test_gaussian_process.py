"""The process against its definition, a closed form and what it learned from."""

import numpy as np
import pytest
from scipy import optimize

from harness.driver.deciding import gaussian_process
from harness.driver.deciding.gaussian_process import GaussianProcess, Parameters


RANDOM = np.random.default_rng(0)
POINTS = RANDOM.random((30, 3))
VALUES = np.sin(5 * POINTS[:, 0]) - POINTS[:, 1]
VALUES = (VALUES - VALUES.mean()) / VALUES.std()
USUAL = Parameters(np.array([0.5, 0.8, 3.0]), 1.2, 0.1)


def test_correlation_by_hand():
    """1 at no distance; at one length scale the Matern formula."""
    found = gaussian_process.correlation(
        np.zeros((1, 1)), np.array([[0.0], [0.5]]), np.array([0.5])
    )
    root = 5**0.5
    assert found == pytest.approx(
        np.array([[1.0, (1 + root + 5 / 3) * np.exp(-root)]]), rel=1e-6
    )


def test_expected_is_the_closed_form():
    """Mean and variance of a conditioned normal distribution."""
    there = RANDOM.random((7, 3))
    prior = 1.2 * gaussian_process.correlation(POINTS, POINTS, USUAL.lengths)
    inverse = np.linalg.inv(prior + (0.1 + gaussian_process.JITTER) * np.eye(30))
    cross = 1.2 * gaussian_process.correlation(there, POINTS, USUAL.lengths)
    mean, std = GaussianProcess(POINTS, VALUES, USUAL).expected(there)
    assert mean == pytest.approx(cross @ inverse @ VALUES)
    assert std**2 == pytest.approx(1.2 - np.diag(cross @ inverse @ cross.T))


def test_left_out_is_what_the_others_expect():
    """As if each value had been taken away."""
    found = GaussianProcess(POINTS, VALUES, USUAL).left_out()
    for row in (0, 7, 29):
        others = np.arange(30) != row
        process = GaussianProcess(POINTS[others], VALUES[others], USUAL)
        assert found[row] == pytest.approx(process.expected(POINTS[[row]])[0][0])


def test_draws_have_the_mean_and_the_spread_that_are_expected():
    """Over many draws, at points near and far."""
    process = GaussianProcess(POINTS[:8], VALUES[:8], USUAL)
    there = RANDOM.random((5, 3))
    draws = np.array([process.drawn(there, RANDOM) for _ in range(3000)])
    mean, std = process.expected(there)
    assert draws.mean(axis=0) == pytest.approx(mean, abs=0.1)
    assert draws.std(axis=0) == pytest.approx(std, rel=0.12)


def test_the_gradient_is_that_of_the_surprise():
    """Against differences of it."""
    squares = np.square(POINTS[:, None, :] - POINTS[None, :, :])
    middle, spread = np.zeros(5), np.full(5, 0.7)

    def surprise(logs):
        return gaussian_process._surprise(logs, squares, VALUES, middle, spread)

    logs = np.array([-0.3, 0.2, 0.5, 0.1, -1.0])
    away = optimize.check_grad(lambda x: surprise(x)[0], lambda x: surprise(x)[1], logs)
    assert away < 1e-4


def test_a_fit_finds_what_matters():
    """A dimension that tells nothing gets a long length scale, and noise its size."""
    found = gaussian_process.fitted(POINTS, VALUES)
    assert found.lengths[2] > 2 * found.lengths[0]
    assert found.noise < 0.05
    noisy = RANDOM.standard_normal(30)
    assert gaussian_process.fitted(POINTS, noisy).noise > 0.2


def test_a_fit_depends_on_its_data_alone():
    """Twice the same."""
    first, again = (gaussian_process.fitted(POINTS, VALUES) for _ in range(2))
    assert (first.lengths == again.lengths).all()
    assert (first.signal, first.noise) == (again.signal, again.noise)
