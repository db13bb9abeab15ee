"""A budget of hours, counted in epochs as soon as it is known what an epoch takes.

As long as less than three quarters of the time are used a search goes on as if it had
no end. Then the epochs trained so far are three quarters of its budget, which is stored
as a decision; and when the time is used up what was trained is the budget. So all that
depends on a clock is two rows of the store, and the rule itself knows epochs only.
"""

from collections.abc import Callable

from harness.definition.budget import Budget
from harness.driver.deciding.course import END_SHARE


MARKS = (1 - END_SHARE, 1.0)
"""Shares of the time at which the budget is set: when the end game begins, and ends."""


class TimeBudget:
    """Says when the epochs of a search are to be set anew."""

    def __init__(self, budget: Budget, used_s: Callable[[], float]) -> None:
        """No mark is reached yet.

        Args:
            budget: Hours of slots or of the driver.
            used_s: Gives the seconds that are used.

        Raises:
            ValueError: If the budget is none of time.
        """
        if budget.limit_s is None:
            raise ValueError(f"`budget` must be hours, got {budget}.")
        self._budget, self._limit_s, self._used_s = budget, budget.limit_s, used_s
        self._reached = 0

    def restored(self, marks: int) -> None:
        """So many marks were reached by earlier drivers, under this budget or less.

        One that was extended since has them ahead again.
        """
        used = self._used_s() / self._limit_s
        self._reached = min(marks, sum(used >= mark for mark in MARKS))

    def due(self, spent_epochs: int) -> tuple[int, str] | None:
        """The budget in epochs, and why, when a mark is reached; None otherwise.

        Args:
            spent_epochs: Epochs trained so far.
        """
        if self._reached == len(MARKS) or not spent_epochs:
            return None
        used = self._used_s() / self._limit_s
        passed = sum(used >= mark for mark in MARKS)
        if passed <= self._reached:
            return None
        self._reached = passed
        epochs = spent_epochs if passed == len(MARKS) else round(spent_epochs / used)
        return epochs, (
            f"{100 * used:.0f} % of {self._budget} are used after {spent_epochs} "
            f"epochs, so the search has {epochs}."
        )
