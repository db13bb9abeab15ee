"""How the trials of one labelled ratio stand, kept up with every event.

A search may have 10,000 trials and is drawn twice a second, so nothing is counted
anew for that.
"""

from collections import Counter
from dataclasses import astuple, dataclass

from harness.driver.recording.tracked import Tracked
from results import ranking


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What trials have trained: a trial since it is watched, or the sum of several."""

    seconds: float = 0.0
    """Of workers, in all stages."""
    lengths: float = 0.0
    """Full lengths of the joint stage."""
    joint_s: float = 0.0
    """Seconds that these took."""
    before_s: float = 0.0
    """Seconds that came before them."""
    begun: int = 0
    """Trials that were watched from their start into the joint stage."""

    def moved(self, old: "Spent", new: "Spent") -> "Spent":
        """The sum, where one part of it has changed."""
        parts = zip(astuple(self), astuple(old), astuple(new), strict=True)
        return Spent(
            **dict(zip(vars(self), (s - o + n for s, o, n in parts), strict=True))
        )


class Tally:
    """The trials of one labelled ratio: their states, their work, the best."""

    def __init__(self) -> None:
        """There is no trial yet."""
        self.going: dict[str, Tracked] = {}
        self.best: Tracked | None = None
        self._trials: dict[str, Tracked] = {}
        self._seen: dict[str, tuple[str, float]] = {}  # as each was counted
        self._states: Counter[str] = Counter()
        self._best: ranking.Standing | None = None
        self.lengths = 0.0
        """Full lengths of the joint stage that were trained, by all trials."""
        self.spent = Spent()
        self._spent: dict[str, Spent] = {}
        self._first: dict[
            str, tuple[float, float]
        ] = {}  # seconds, share when first seen
        self._before_s: dict[str, float] = {}
        self._deepest: Tracked | None = None  # the trial that came furthest
        self._furthest = 0  # its epoch

    @property
    def states(self) -> Counter[str]:
        """Trials by state; none has an entry of 0."""
        return +self._states

    @property
    def ended(self) -> int:
        """Trials that have ended."""
        return len(self._trials) - len(self.going)

    def note(self, trial: Tracked) -> None:
        """Take note of how a trial stands now."""
        name, share = trial.proposal.trial, share_done(trial)
        state, before = self._seen.get(name, (trial.state, 0.0))
        self._states[state] -= name in self._seen
        self._states[trial.state] += 1
        self.lengths += share - before
        spent = self._spent_by(trial)
        self.spent = self.spent.moved(self._spent.get(name, Spent()), spent)
        self._spent[name] = spent
        self._trials[name], self._seen[name] = trial, (trial.state, share)
        if trial.open:
            self.going[name] = trial
        else:
            self.going.pop(name, None)
        if self._is_news(trial):
            self._choose()

    def _is_news(self, trial: Tracked) -> bool:
        """Whether another one may be the best now."""
        standing, best = trial.standing, self._best
        if best is None or trial is self.best:
            return standing != best
        if standing is None or trial is self._deepest:
            return trial is self._deepest
        # A new furthest one may leave the best too far behind.
        better = standing[1:] < best[1:] and ranking.is_far(standing[0], self._furthest)
        return better or standing[0] > self._furthest

    def _choose(self) -> None:
        """Find the best of all: few events change it."""
        trials = self._trials
        standings = {n: s for n, t in trials.items() if (s := t.standing) is not None}
        self.best, self._best = None, None
        self._deepest, self._furthest = None, 0
        if standings:
            first = ranking.best(standings, 1)[0]
            deepest = max(standings, key=lambda name: standings[name][0])
            self.best, self._best = trials[first], standings[first]
            self._deepest, self._furthest = trials[deepest], standings[deepest][0]

    def _spent_by(self, trial: Tracked) -> Spent:
        """What a trial has trained since it is watched."""
        name, share = trial.proposal.trial, share_done(trial)
        first_s, first = self._first.setdefault(name, (trial.wall_time_s, share))
        seconds = trial.wall_time_s - first_s
        if not share:
            self._before_s[name] = seconds
            return Spent(seconds=seconds)
        before_s = self._before_s.get(name, 0.0)
        return Spent(
            seconds=seconds,
            lengths=share - first,
            joint_s=seconds - before_s,
            before_s=before_s,
            begun=int(name in self._before_s),
        )


def share_done(trial: Tracked) -> float:
    """Share of the joint epochs that a trial has trained, in [0, 1]."""
    return min((trial.step or 0) / trial.proposal.config.joint.epochs, 1.0)
