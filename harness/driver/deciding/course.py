"""How far one labelled ratio of a search is whose trials wait, and what a search is worth."""

from harness.definition.rungs import Rungs
from harness.driver.deciding.ladder import Ladder


END_SHARE = 0.25
"""Share of the budget that is left when the end game begins."""


class Course:
    """How far one labelled ratio is."""

    def __init__(self, rungs: Rungs) -> None:
        """Nothing has begun."""
        self.ladder = Ladder(rungs, only_one=True)
        self.spent = 0  # epochs reported, each once
        self.begun = self.wanted = 0  # trials
        self.running: dict[str, int] = {}  # step of each trial that runs
        # Epochs that these have together to their next rungs, and to their ends.
        self.to_rungs = self.to_ends = 0
        self._most = rungs.max_step

    def run(self, trial: str, step: int) -> None:
        """A trial runs, and is at a step."""
        self.leave(trial)
        self.running[trial] = step
        self._count(step, 1)

    def leave(self, trial: str) -> None:
        """A trial runs no longer, if it did."""
        step = self.running.pop(trial, None)
        if step is not None:
            self._count(step, -1)

    def _count(self, step: int, sign: int) -> None:
        self.to_ends += sign * (self._most - step)
        self.to_rungs += sign * ((self.ladder.next_rung(step) or self._most) - step)


def worth(rungs: Rungs, trials: int, ratios: int) -> float:
    """Epochs of a search of so many trials.

    The first of a ratio is trained in full, each other as far as is expected of it, and
    the end game is a share of all. In a small search that is less than it takes to bring
    every trial to the first rung and two of each ratio to their ends.

    Args:
        rungs: Where trials wait.
        trials: How many there are.
        ratios: Labelled ratios.
    """
    firsts = min(ratios, trials)
    expected = (trials - firsts) * rungs.epochs_a_trial / (1 - END_SHARE)
    expected += firsts * rungs.max_step
    ends = min(2 * ratios, trials)
    least = trials * rungs.grace + ends * (rungs.max_step - rungs.grace)
    return max(expected, least)
