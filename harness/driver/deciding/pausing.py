"""Pausing successive halving with an end game, one ladder and one budget a ratio.

A trial that reaches a rung waits there. A free place takes, from the deepest rung that
has one, the best waiting trial if it is among the best `1 / eta` of all that ever
reached the rung, or the only one; if there is none it starts a new trial. So no verdict
is final: who waits may be taken up when others have turned out worse. Proposals see a
trial that was the only one at a rung as it stood there: nobody was behind it.

The budget (`budget_epochs`) is counted in epochs of all trials. What trials that run
have still to go to their next rung is counted as spent. When a quarter of a ratio's
budget is left, or where trials are counted all have begun, it starts no new one: its
best waiting trials are finished, in the order of their last values, as far as what is
left reaches. When all is spent, trials that run end at their next report.

Unless trials are counted no more of them run at once than the budget has full
trainings; other places stay free. Else many places would spend the budget on first
epochs before anything is known.

The ratio that has spent least is served first. Trials of two ratios are never compared.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

from harness.definition.rungs import Rungs
from harness.definition.trial import Decision, Sample
from harness.driver.deciding.course import END_SHARE, Course, worth
from harness.driver.deciding.ladder import Place
from harness.driver.deciding.proposals import Proposals
from harness.driver.deciding.rules import Decider, Promotion


LAST = "the last of the budget is for the lowest last value of those that wait"
"""Why a trial is taken up in the end game, whatever its rank."""

NEW = "new"
"""What a ratio does that starts a trial."""

FAILED = ("diverged", "collapsed", "crashed", "cancelled")
"""Ends of trials that are compared with others no more."""


class PausingDecider(Decider):
    """The rule at the top of this file."""

    def __init__(
        self,
        rungs: Rungs,
        ratios: Sequence[float],
        proposals: Proposals,
    ) -> None:
        """Start with empty ladders, and with a budget that has no end.

        Args:
            rungs: Where trials wait.
            ratios: Labelled ratios, each with its own ladder and equal budget.
            proposals: Gives new trials, and is told what it learns from.
        """
        self._wanted: int | None = None
        self.budget_epochs = math.inf
        self.history = proposals.history
        self._rungs, self._proposals = rungs, proposals
        self._courses = {ratio: Course(rungs) for ratio in ratios}
        self._entered: dict[str, int | None] = {}  # rung of a trial's last report
        self._alone: set[str] = set()  # trials that were the only one at a rung

    def next(self) -> Sample | Promotion | None:
        """What a free place does: see the top of this file."""
        courses = self._courses
        running = sum(len(course.running) for course in courses.values())
        trainings = self.budget_epochs / self._rungs.max_step
        if self._wanted is None and running >= trainings:
            return None
        for ratio in sorted(courses, key=lambda r: self._used(courses[r])):
            chosen: Sample | Promotion | str | None = self._chosen(ratio)
            if chosen == NEW:
                chosen = self._proposals.propose(ratio)
                chosen = chosen or self._finish(courses[ratio])
            if isinstance(chosen, Sample | Promotion):
                return chosen
        return None

    def verdict(self, trial: str) -> Decision:
        """Whether a trial goes on, waits or ends after its last report."""
        seen = self.history.trials[trial]
        step, course = seen.step, self._courses[seen.sample.ratio]
        value = seen.curve[step]
        if not math.isfinite(value):
            reason = f"The objective was {value} after epoch {step}."
            return Decision(action="stop", state="diverged", reason=reason)
        if step >= self._rungs.max_step:
            reason = f"All {self._rungs.max_step} epochs are done."
            return Decision(action="stop", state="completed", reason=reason)
        if self._entered.get(trial) is not None:
            return self._at_rung(trial, course)
        if course.spent >= self._share:
            reason = "The budget is spent."
            return Decision(action="stop", state="cancelled", reason=reason)
        return Decision(action="continue", reason="No rung at this epoch.")

    def _at_rung(self, trial: str, course: Course) -> Decision:
        """A trial that reached a rung waits, or is the one to be taken up at once."""
        ratio = self.history.trials[trial].sample.ratio
        place = course.ladder.place(trial)
        step = course.running[trial]
        course.leave(trial)
        course.ladder.pause(trial)
        chosen = self._chosen(ratio)
        course.ladder.take(trial)
        course.run(trial, step)
        if isinstance(chosen, Promotion) and chosen.trial == trial:
            return dataclasses.replace(chosen.decision, action="continue")
        if place.rank > place.keep:
            why = f"it waits, as the best {place.keep} go on"
        elif isinstance(chosen, Promotion):
            why = f"it waits, as {chosen.trial} goes first"
        else:
            why = "it waits, as the rest of the budget is for those that run"
        return _decision("pause", place, why)

    def proposed(self, sample: Sample) -> None:
        """A new trial runs."""
        self._proposals.learn()
        self.history.add(sample)
        self._courses[sample.ratio].begun += 1
        self._courses[sample.ratio].run(sample.trial, 0)

    def reported(self, trial: str, step: int, value: float) -> None:
        """Count an epoch, and enter the rung that it reaches."""
        seen = self.history.trials[trial]
        self._entered[trial] = None
        if step in seen.curve:
            return
        seen.curve[step] = value
        course = self._courses[seen.sample.ratio]
        course.spent += 1
        if trial in course.running:
            course.run(trial, max(course.running[trial], step))
        if not math.isfinite(value):
            return
        number = seen.sample.number
        rung = course.ladder.reach(trial, number, step, value)
        is_end = step >= self._rungs.max_step
        depth = step if is_end else rung
        if depth is not None and trial not in self._alone:
            self.history.stand(trial, depth, value)
        if rung is not None and not is_end:
            self._entered[trial] = rung
            if course.ladder.place(trial).peers == 1:
                self._alone.add(trial)

    def became(self, trial: str, state: str) -> None:
        """A trial waits, runs again, or has ended."""
        seen = self.history.trials[trial]
        course = self._courses[seen.sample.ratio]
        seen.state = state
        course.ladder.take(trial)
        course.leave(trial)
        if state == "paused":
            course.ladder.pause(trial)
        elif state == "running":
            course.run(trial, seen.step)
        elif state in FAILED:
            course.ladder.withdraw(trial)
            if state in ("diverged", "collapsed"):
                self.history.stand(trial, -1, math.inf)
            else:
                self.history.forget(trial)

    def is_over(self, ratio: float) -> bool:
        """Whether the budget of a ratio is spent."""
        return self._courses[ratio].spent >= self._share

    def may_go_on(self, trial: str) -> bool:
        """Whether a trial that waits can still be taken up with the budget that is left.

        Its rank can only become good enough by trials that come to its rung, and its
        turn in the end game by trials that are taken up before it. Each of these costs
        a first rung or more.
        """
        course = self._courses[self.history.trials[trial].sample.ratio]
        if not course.ladder.is_waiting(trial):
            return False
        most = (self._share - course.spent) / self._rungs.grace
        place = course.ladder.place(trial)
        near = place.rank == 1 or place.rank * self._rungs.eta <= place.peers + most
        return near or course.ladder.waiting_before(trial) <= most

    @property
    def wanted(self) -> int | None:
        """Most trials that begin; None has a budget alone."""
        return self._wanted

    def want(self, trials: int) -> None:
        """Set how many trials begin at most, and the budget that they are worth."""
        self._wanted = trials
        every, more = divmod(trials, len(self._courses))
        for place, course in enumerate(self._courses.values()):
            course.wanted = every + (place < more)
        self.budget_epochs = worth(self._rungs, trials, len(self._courses))

    @property
    def spent_epochs(self) -> int:
        """Epochs reported, each once."""
        return sum(course.spent for course in self._courses.values())

    @property
    def total(self) -> int:
        """How many trials there will be: those wanted, or what the budget is worth."""
        begun = len(self.history.trials)
        if self.wanted is not None:
            return max(begun, self.wanted)
        if self.budget_epochs == math.inf:
            return begun
        before_end = (1 - END_SHARE) * self.budget_epochs
        return max(begun, round(before_end / self._rungs.epochs_a_trial))

    @property
    def is_exhausted(self) -> bool:
        """Whether every configuration was proposed at every ratio."""
        return all(self.history.is_full(ratio) for ratio in self._courses)

    @property
    def _share(self) -> float:
        return self.budget_epochs / len(self._courses)

    def _used(self, course: Course) -> int:
        """Epochs spent, and those of running trials to their next rung or their end."""
        is_ending = self._is_ending(course, course.spent)
        return course.spent + (course.to_ends if is_ending else course.to_rungs)

    def _chosen(self, ratio: float) -> Promotion | str | None:
        """What a ratio does next: a waiting trial, `NEW`, or nothing."""
        course = self._courses[ratio]
        used = self._used(course)
        if used >= self._share:
            return None
        if self._is_ending(course, used) or self.history.is_full(ratio):
            return self._finish(course)
        trial = course.ladder.promotable()
        if trial is None:
            return NEW
        place = course.ladder.place(trial)
        why = f"it goes on, as the best {place.keep} do"
        return Promotion(trial, _decision("promote", place, why))

    def _is_ending(self, course: Course, used: float) -> bool:
        """Whether no new trial starts at a ratio, of which so much is used."""
        if self._wanted is None:
            return used >= (1 - END_SHARE) * self._share
        return course.begun >= course.wanted

    def _finish(self, course: Course) -> Promotion | None:
        """The best waiting trial, by its last value."""
        trial = course.ladder.best_waiting()
        if trial is None:
            return None
        why = f"it goes on, as {LAST}"
        return Promotion(trial, _decision("promote", course.ladder.place(trial), why))


def _decision(action: Literal["pause", "promote"], place: Place, why: str) -> Decision:
    """A decision at a rung, with the numbers that it follows from."""
    return Decision(
        action=action,
        state="paused" if action == "pause" else None,
        rung=place.rung,
        cutoff=place.cutoff,
        rank=place.rank,
        peers=place.peers,
        reason=f"Rank {place.rank} of {place.peers} at epoch {place.rung} with "
        f"{place.value:.4g}: {why}.",
    )
