"""How long trials that run and trials to come will still take, from what was trained.

Trials under way count with their epochs, and those that were stopped early for what
they were. What comes before the joint stage counts apart, by the seconds it took.
"""

from collections.abc import Collection
from dataclasses import dataclass

from harness.driver.display.screen import clock
from harness.driver.display.tally import Spent, Tally, share_done


@dataclass(frozen=True, kw_only=True)
class Work:
    """Work of all trials."""

    done: float
    """What was trained, in full lengths of the joint stage."""
    left: float
    """What is expected to be trained yet, likewise."""
    spent_s: float
    """Seconds of workers since the trials are watched."""
    left_s: float | None
    """Seconds of workers that are left; None before the first joint epoch."""


def work(tallies: Collection[Tally], wanted: int, budget: float | None = None) -> Work:
    """What is done and what is left.

    With a budget it is what is left of that. Else a trial under way may go to its end;
    one to come is as long as those that ended were on average, and of full length while
    none has.

    Args:
        tallies: Those of every ratio.
        wanted: Trials in all.
        budget: Full lengths that all trials may train together; None has no bound.
    """
    going = [trial for tally in tallies for trial in tally.going.values()]
    shares = [share_done(trial) for trial in going]
    ended, done = sum(t.ended for t in tallies), sum(t.lengths for t in tallies)
    length = (done - sum(shares)) / ended if ended else 1.0
    to_come = max(wanted - ended - len(going), 0)
    left = len(going) - sum(shares) + to_come * length
    if budget is not None:
        left = max(budget - done, 0.0)
    spent, left_s = Spent(), None
    for tally in tallies:
        spent = spent.moved(Spent(), tally.spent)
    if spent.lengths:
        before_s = spent.before_s / spent.begun if spent.begun else 0.0
        early = [trial for trial in going if not trial.step]
        left_s = left * spent.joint_s / spent.lengths + to_come * before_s
        left_s += sum(max(before_s - trial.wall_time_s, 0.0) for trial in early)
    return Work(done=done, left=left, spent_s=spent.seconds, left_s=left_s)


def in_words(left_s: float) -> str:
    """A time that is left, no finer than it is known: `about 0:35 left`.

    Args:
        left_s: Seconds, 0 or more.
    """
    step_s = 5 if left_s < 600 else 60
    return f"about {clock(max(round(left_s / step_s), 1) * step_s)} left"
