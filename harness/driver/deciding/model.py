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
from harness.driver.deciding.reused import Taken


Array = NDArray[np.float64]

FEWEST = 10
"""Trials that must stand before a model is asked."""

MOST = 160
"""Trials that it learns from."""

CLIP = 0.3
"""The highest score that a trial has."""

RENEWAL = 1.01
"""Standings are looked at again when so many times as many trials stand."""

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
    donor: int = 0
    """Place of the trial whose settings it takes over, if it takes over any."""


@dataclass(frozen=True)
class Lesson:
    """What the model has learned from, at some moment."""

    points: Array
    """Where the trials lie."""
    scores: Array
    """How they stand."""

    def scaled(self) -> tuple[Array, Array]:
        """Points, and scores with mean 0 and variance 1."""
        return self.points, (self.scores - self.middle) / max(self.spread, 1e-9)

    @property
    def middle(self) -> float:
        """Mean of the scores."""
        return float(self.scores.mean())

    @property
    def spread(self) -> float:
        """Their standard deviation."""
        return float(self.scores.std())

    def equals(self, other: "Lesson | None") -> bool:
        """Whether both say the same."""
        return (
            other is not None
            and np.array_equal(self.points, other.points)
            and np.array_equal(self.scores, other.scores)
        )


@dataclass(frozen=True)
class _Taught:
    """What was learned when, as numbers of trials that stood then."""

    newest: Lesson
    count: int
    fitted: Lesson
    """That from which the parameters are searched."""
    fitted_count: int


class Model:
    """What is believed of all configurations."""

    def __init__(self, history: History) -> None:
        """Learn from a history as it grows."""
        self._history = history
        self._taught: _Taught | None = None
        # What was computed last, and from what.
        self._fit: tuple[Lesson, Parameters] | None = None
        self._process: tuple[_Taught, GaussianProcess, float] | None = None

    def learn(self) -> None:
        """Take note of the standings if enough has changed; before every proposal."""
        self._taught = self._next()

    def _next(self) -> _Taught | None:
        """What is known after the next lesson, if one is due."""
        count, taught = self._history.standing, self._taught
        if count < FEWEST or (taught and count < RENEWAL * taught.count):
            return taught
        newest = _few(*self._history.standings())
        if taught and count < GROWTH * taught.fitted_count:
            return _Taught(newest, count, taught.fitted, taught.fitted_count)
        return _Taught(newest, count, newest, count)

    def propose(
        self, random: np.random.Generator, taken: Taken | None = None
    ) -> Drawn | None:
        """A point worth a trial; None if the model predicts nothing yet.

        Args:
            random: Of this proposal.
            taken: What it takes over from one of several trials; None for nothing.
        """
        taught = self._next()
        if taught is None:
            return None
        process, trusted = self._believed(taught)
        if not trusted >= LEAST_CORRELATION:
            return None
        waiting = list(self._history.waiting)[-PENDING:]
        if waiting:
            points = self._history.points(waiting)
            process = GaussianProcess(
                np.concatenate([process.points, points]),
                np.concatenate([process.values, process.expected(points)[0]]),
                process.parameters,
            )
        lesson = taught.newest
        candidates = self._candidates(lesson, process.parameters.lengths, random)
        donors = np.zeros(len(candidates), dtype=int)
        if taken is not None:
            donors = random.integers(len(taken.donors), size=len(candidates))
            candidates[:, taken.axes] = taken.points[donors][:, taken.axes]
        best = process.drawn(candidates, random).argmin()
        mean, std = process.expected(candidates[[best]])
        expected = float(mean[0]) * lesson.spread + lesson.middle
        uncertain = float(std[0]) * lesson.spread
        return Drawn(candidates[best], expected, uncertain, int(donors[best]))

    def _believed(self, taught: _Taught) -> tuple[GaussianProcess, float]:
        """The process after a lesson, and how far it is to be trusted."""
        known = self._process
        if known is None or not (
            taught.newest.equals(known[0].newest)
            and taught.fitted.equals(known[0].fitted)
        ):
            parameters = self._parameters(taught.fitted)
            process = GaussianProcess(*taught.newest.scaled(), parameters)
            known = self._process = taught, process, trust(process)
        return known[1:]

    def _parameters(self, lesson: Lesson) -> Parameters:
        if self._fit is None or not lesson.equals(self._fit[0]):
            self._fit = lesson, gaussian_process.fitted(*lesson.scaled())
        return self._fit[1]

    def _candidates(
        self, lesson: Lesson, lengths: Array, random: np.random.Generator
    ) -> Array:
        """Points over the whole cube and near the best trials."""
        size = lesson.points.shape[1]
        everywhere = random.random((CANDIDATES, size))
        best = np.argsort(lesson.scores, kind="stable")[:CENTRES]
        centres = lesson.points[random.choice(best, CANDIDATES)]
        reach = np.exp(random.uniform(np.log(0.01), np.log(0.3), (CANDIDATES, 1)))
        reach = reach * np.clip(lengths, 0.2, 3.0)
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


def _few(points: Array, shares: Array) -> Lesson:
    """At most `MOST` of the trials, with their scores."""
    if len(shares) > MOST:
        order, half = np.argsort(shares, kind="stable"), MOST // 2
        spread = np.linspace(half, len(shares) - 1, MOST - half).astype(int)
        chosen = order[np.concatenate([np.arange(half), spread])]
        points, shares = points[chosen], shares[chosen]
    return Lesson(points, scores(shares))
