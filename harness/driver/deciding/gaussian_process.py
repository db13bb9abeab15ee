"""A Gaussian process on the unit cube: fitted, checked and drawn from.

Matern 5/2 with a length scale a dimension and noise, mean 0, signal of variance 1
times a scale. Its parameters are the most probable ones under broad priors, searched
from the same start every time, so that a fit depends on its data alone.

Source:
    Rasmussen and Williams 2006, sections 5.4.1 and 5.4.2; draws by Matheron's rule
    with random Fourier features: Wilson et al. 2020, arXiv:2002.09309.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize


Array = NDArray[np.float64]

STEPS = 15
"""Steps of the search for the parameters, at most."""

FEATURES = 128
"""Random Fourier features of a drawn function."""

JITTER = 1e-6
"""Added to the variance of every point, so that the factorisation succeeds."""


@dataclass(frozen=True)
class Parameters:
    """What a fit finds."""

    lengths: Array
    """Length scale of each dimension, as a share of its range."""
    signal: float
    """Variance of the function."""
    noise: float
    """Variance of a value around it."""


class GaussianProcess:
    """What is believed of a function after some values of it."""

    def __init__(self, points: Array, values: Array, parameters: Parameters) -> None:
        """Condition on values.

        Args:
            points: In the unit cube, [n, dimensions].
            values: With mean about 0 and variance about 1, [n].
            parameters: As `fitted` finds them.
        """
        self.points, self.values, self.parameters = points, values, parameters
        prior = parameters.signal * correlation(points, points, parameters.lengths)
        prior[np.diag_indices_from(prior)] += parameters.noise + JITTER
        self._factor = np.linalg.cholesky(prior)
        self._weights = self._solve(values)

    def expected(self, points: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the function at points."""
        cross = self._cross(points)
        half = linalg.solve_triangular(
            self._factor, cross.T, lower=True, check_finite=False
        )
        variance = self.parameters.signal - np.square(half).sum(axis=0)
        return cross @ self._weights, np.sqrt(np.maximum(variance, 0.0))

    def left_out(self) -> Array:
        """What the others would have expected of each value."""
        return self.values - self._weights / np.diag(self._inverse)

    def drawn(self, points: Array, random: np.random.Generator) -> Array:
        """One function of those believed in, at points."""
        p, (count, size) = self.parameters, self.points.shape
        # Student's t with 5 degrees of freedom is the spectrum of Matern 5/2.
        spread = np.sqrt(5.0 / random.chisquare(5.0, size=FEATURES))
        waves = random.standard_normal((size, FEATURES)) * spread / p.lengths[:, None]
        phases = random.uniform(0.0, 2.0 * math.pi, FEATURES)
        heights = random.standard_normal(FEATURES) * math.sqrt(2 * p.signal / FEATURES)
        noise = random.standard_normal(count) * math.sqrt(p.noise + JITTER)
        there = np.cos(self.points @ waves + phases) @ heights
        prior = np.cos(points @ waves + phases) @ heights
        return prior + self._cross(points) @ self._solve(self.values - there - noise)

    def _cross(self, points: Array) -> Array:
        p = self.parameters
        return p.signal * correlation(points, self.points, p.lengths)

    @cached_property
    def _inverse(self) -> Array:
        return self._solve(np.eye(len(self.values)))

    def _solve(self, values: Array) -> Array:
        return linalg.cho_solve((self._factor, True), values, check_finite=False)


def correlation(points: Array, others: Array, lengths: Array) -> Array:
    """Matern 5/2 between all pairs, in (0, 1]."""
    root = math.sqrt(5.0) * _distance(points / lengths, others / lengths)
    return (1.0 + root + root * root / 3.0) * np.exp(-root)


def _distance(points: Array, others: Array) -> Array:
    squares = np.square(points).sum(1)[:, None] + np.square(others).sum(1)[None, :]
    return np.sqrt(np.maximum(squares - 2.0 * points @ others.T, 0.0))


def fitted(points: Array, values: Array) -> Parameters:
    """The most probable parameters for some values.

    Args:
        points: In the unit cube, [n, dimensions].
        values: With mean about 0 and variance about 1, [n].
    """
    size = points.shape[1]
    usual = math.log(0.5 * math.sqrt(size))
    start = np.array([usual] * size + [0.0, math.log(0.3)])
    spread = np.array([1.0] * size + [0.7, 1.0])
    bounds = [(math.log(0.05), math.log(20.0))] * size + [(-3.0, 3.0), (-7.0, 1.0)]
    differences = np.square(points[:, None, :] - points[None, :, :])
    found = optimize.minimize(
        _surprise,
        start,
        args=(differences, values, start, spread),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": STEPS, "maxfun": 2 * STEPS},
    ).x
    scales = np.exp(found)
    return Parameters(scales[:size], float(scales[size]), float(scales[size + 1]))


def _surprise(
    logs: Array, squares: Array, values: Array, start: Array, spread: Array
) -> tuple[float, Array]:
    """Minus the log posterior of parameters, and its gradient.

    Args:
        logs: Logarithms of the length scales, of the signal and of the noise.
        squares: Squared differences of all pairs, [n, n, dimensions].
        values: The values, [n].
        start: Middle of the prior of `logs`.
        spread: Its standard deviation.
    """
    count, size = len(values), len(logs) - 2
    inverse_squares = np.exp(-2.0 * logs[:size])
    signal, noise = math.exp(logs[size]), math.exp(logs[size + 1])
    root = np.sqrt(5.0 * (squares @ inverse_squares))
    decay = signal * np.exp(-root)
    prior = (1.0 + root + root * root / 3.0) * decay
    covariance = prior + (noise + JITTER) * np.eye(count)
    factor = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(covariance)
    weights = inverse @ values
    log_determinant = 2.0 * float(np.log(np.diag(factor)).sum())
    away = (logs - start) / spread
    surprise = 0.5 * (values @ weights + log_determinant + away @ away)
    pull = 0.5 * (inverse - np.outer(weights, weights))
    slope = (pull * (5.0 / 3.0) * (1.0 + root) * decay).ravel()
    by_length = (slope @ squares.reshape(-1, size)) * inverse_squares
    by_signal, by_noise = float((pull * prior).sum()), noise * float(np.trace(pull))
    gradient = np.concatenate([by_length, [by_signal, by_noise]]) + away / spread
    return float(surprise), gradient
