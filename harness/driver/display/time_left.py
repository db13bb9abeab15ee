"""How long trials that run and trials to come will still take, from the work done.

Work is counted in full lengths of a trial, so that trials under way count, and those
that were stopped early count for what they were.
"""

from collections.abc import Collection
from dataclasses import dataclass

from harness.driver.display.screen import clock
from harness.driver.display.tally import Tally, share_done


@dataclass(frozen=True, kw_only=True)
class Work:
    """Work of all trials, in full lengths of one."""

    done: float
    """What was trained, by all of them."""
    left: float
    """What is expected to be trained yet."""


def work(tallies: Collection[Tally], wanted: int) -> Work:
    """What is done and what is left.

    A trial under way may go to its end; one to come is as long as those that ended
    were on average, and of full length while none has.

    Args:
        tallies: Those of every ratio.
        wanted: Trials in all.
    """
    going = [share_done(t) for tally in tallies for t in tally.going.values()]
    ended, done = sum(tally.ended for tally in tallies), sum(t.work for t in tallies)
    length = (done - sum(going)) / ended if ended else 1.0
    to_come = max(wanted - ended - len(going), 0)
    return Work(done=done, left=len(going) - sum(going) + to_come * length)


def in_words(left_s: float) -> str:
    """A time that is left, no finer than it is known: `about 0:35 left`.

    Args:
        left_s: Seconds, 0 or more.
    """
    step_s = 5 if left_s < 600 else 60
    return f"about {clock(max(round(left_s / step_s), 1) * step_s)} left"
