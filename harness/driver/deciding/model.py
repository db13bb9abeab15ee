"""Proposals from a model of standings, which is trusted as far as it predicts.

The model is a Gaussian process on normal scores of standings: 0 is the middle, smaller
is better. How bad the losers are tells nothing, so their scores are clipped. It learns
from at most `MOST` trials: the better half of these are the best of all, the others
are spread over the rest.

What is proposed is the smallest point of one function drawn from the process, among
uniform candidates and candidates near the best trials. Trials without a standing yet
count as if they had got what was expected of them, so that parallel proposals differ.

A model that does not predict is not asked: where the ranks that it expects of trials
left out have no correlation with their own, proposals are random.

Everything is a function of the facts in their order: when it learns anew depends on
their numbers alone. So a search that is rebuilt from its rows proposes the same.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from harness.driver.deciding import gaussian_process
from harness.driver.deciding.gaussian_process import GaussianProcess, Parameters
from harness.driver.deciding.history import History


Array = NDArray[np.float64]

FEWEST = 10
"""Trials that must stand before a model is asked."""

MOST = 160
"""Trials that it learns from."""

CLIP = 0.3
"""The highest score that a trial has."""

GROWTH = 1.15
"""The parameters are searched again when so many times as many trials stand."""

PENDING = 64
"""Trials without a standing that are reckoned with: the newest."""

CANDIDATES = 200
"""Uniform candidates, and as many near the best."""

CENTRES = 10
"""Best trials near which candidates are drawn."""

LEAST_CORRELATION = 0.15
"""Correlation of ranks below which a model is not asked."""


@dataclass(frozen=True)
class Drawn:
    """A point that the model proposes."""

    point: Array
    """In the unit cube."""
    expected: float
    """The normal score that is expected there; smaller is better."""
    std: float
    """Standard deviation of that."""


class Model:
    """What is believed of all configurations."""

    def __init__(self, history: History) -> None:
        """Learn from a history as it grows."""
        self._history = history
        self._learned = 0  # standings when it last learned
        self._fitted = 0  # and when its parameters were last searched
        self._newest: tuple[Array, Array] | None = None
        self._to_fit: tuple[Array, Array] | None = None
        self._parameters: Parameters | None = None
        self._process: GaussianProcess | None = None

    def learn(self) -> None:
        """Take note of the standings if enough has changed; before every proposal."""
        count = self._history.standing
        if count < FEWEST or (self._learned and count < 1.01 * self._learned):
            return
        points, shares = self._history.standings()
        self._newest, self._learned, self._process = _few(points, shares), count, None
        if count >= GROWTH * self._fitted:
            self._to_fit, self._fitted, self._parameters = self._newest, count, None

    def propose(self, random: np.random.Generator) -> Drawn | None:
        """A point worth a trial; None if the model predicts nothing yet."""
        process = self._believed()
        if process is None:
            return None
        waiting = list(self._history.waiting)[-PENDING:]
        if waiting:
            points = self._history.points(waiting)
            process = GaussianProcess(
                np.concatenate([process.points, points]),
                np.concatenate([process.values, process.expected(points)[0]]),
                process.parameters,
            )
        candidates = self._candidates(process, random)
        chosen = candidates[[process.drawn(candidates, random).argmin()]]
        mean, std = process.expected(chosen)
        middle, spread = self._scale()
        expected = float(mean[0]) * spread + middle
        return Drawn(chosen[0], expected, float(std[0]) * spread)

    def _believed(self) -> GaussianProcess | None:
        """The process, if it predicts anything."""
        if self._newest is None or self._to_fit is None:
            return None
        if self._process is None:
            if self._parameters is None:
                self._parameters = gaussian_process.fitted(*_scaled(*self._to_fit))
            points, values = _scaled(*self._newest)
            self._process = GaussianProcess(points, values, self._parameters)
            self._trust = trust(self._process)
        return self._process if self._trust >= LEAST_CORRELATION else None

    def _scale(self) -> tuple[float, float]:
        assert self._newest is not None
        scores = self._newest[1]
        return float(scores.mean()), float(scores.std())

    def _candidates(
        self, process: GaussianProcess, random: np.random.Generator
    ) -> Array:
        """Points over the whole cube and near the best trials."""
        size = process.points.shape[1]
        everywhere = random.random((CANDIDATES, size))
        assert self._newest is not None
        best = np.argsort(self._newest[1], kind="stable")[:CENTRES]
        centres = self._newest[0][random.choice(best, CANDIDATES)]
        reach = np.exp(random.uniform(np.log(0.01), np.log(0.3), (CANDIDATES, 1)))
        reach = reach * np.clip(process.parameters.lengths, 0.2, 3.0)
        moved = random.random((CANDIDATES, size)) < 0.5
        near = centres + moved * reach * random.standard_normal((CANDIDATES, size))
        near = 1.0 - np.abs(1.0 - np.abs(near))  # reflected at the walls
        near = np.clip(near, 0.0, 1.0)
        return self._history.cube.snapped(np.concatenate([everywhere, near]))


def trust(process: GaussianProcess) -> float:
    """Correlation of ranks between values and what is expected without them."""
    expected = stats.rankdata(process.left_out())
    return float(np.corrcoef(expected, stats.rankdata(process.values))[0, 1])


def scores(shares: Array) -> Array:
    """Normal scores of standings, those of the losers clipped."""
    return np.minimum(special.ndtri(shares), CLIP)


def _few(points: Array, shares: Array) -> tuple[Array, Array]:
    """At most `MOST` of the trials, with their scores."""
    if len(shares) > MOST:
        order, half = np.argsort(shares, kind="stable"), MOST // 2
        spread = np.linspace(half, len(shares) - 1, MOST - half).astype(int)
        chosen = order[np.concatenate([np.arange(half), spread])]
        points, shares = points[chosen], shares[chosen]
    return points, scores(shares)


def _scaled(points: Array, values: Array) -> tuple[Array, Array]:
    """Scores with mean 0 and variance 1."""
    return points, (values - values.mean()) / max(float(values.std()), 1e-9)
