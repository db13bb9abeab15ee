"""How the trials of one labelled ratio stand, kept up with every event.

A search may have 10,000 trials and is drawn twice a second, so nothing is counted
anew for that.
"""

from collections import Counter

from harness.driver.recording.tracked import Tracked
from results import ranking


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
        self.work = 0.0
        """Full lengths that were trained, by trials that go on and those that ended."""

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
        self.work += share - before
        self._trials[name], self._seen[name] = trial, (trial.state, share)
        if trial.open:
            self.going[name] = trial
        else:
            self.going.pop(name, None)
        standing, best = trial.standing, self._best
        if standing is not None and (best is None or standing < best):
            self.best, self._best = trial, standing
        elif trial is self.best and standing != best:  # it has become worse
            standings = {n: trial.standing for n, trial in self._trials.items()}
            first = next(iter(ranking.best(standings, 1)), None)
            self.best = None if first is None else self._trials[first]
            self._best = None if first is None else standings[first]


def share_done(trial: Tracked) -> float:
    """Share of the joint epochs that a trial has trained, in [0, 1]."""
    return min((trial.step or 0) / trial.proposal.config.joint.epochs, 1.0)
