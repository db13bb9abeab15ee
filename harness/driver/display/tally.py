"""How the trials of one labelled ratio stand, kept up with every event.

A search may have 10,000 trials and is drawn twice a second, so nothing is counted
anew for that.
"""

from collections import Counter

from harness.driver.recording.tracked import Tracked
from results import ranking


class Tally:
    """The trials of one labelled ratio: their states, those that run, the best."""

    def __init__(self) -> None:
        """There is no trial yet."""
        self.going: dict[str, Tracked] = {}
        self.best: Tracked | None = None
        self._trials: dict[str, Tracked] = {}
        self._seen: dict[str, str] = {}  # state in which each was counted
        self._states: Counter[str] = Counter()
        self._best: ranking.Standing | None = None
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
        name = trial.proposal.trial
        self._states[self._seen.get(name, trial.state)] -= name in self._seen
        self._states[trial.state] += 1
        self._trials[name], self._seen[name] = trial, trial.state
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
