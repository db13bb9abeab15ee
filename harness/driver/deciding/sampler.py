"""What to try next: a pure function of space, seed, number and history.

Nothing is kept between proposals: the same log gives the same proposal, on any
machine. How Optuna is asked is in `study.py`.

Who proposes. Ratios take turns. The first trial at each ratio is the space's
start; of the others at a ratio every third is drawn at random (in a search
with early stopping a third of random draws recovers about half of what the
model loses to misleading early values), and so is every trial until `STARTUP`
have ended; the rest comes from TPE.
"""

from collections.abc import Iterable, Sequence

from harness.definition.spaces import RATIO
from harness.definition.trial import Origin, Sample, TrialRecord, name_of
from harness.driver.deciding import study
from search_spaces import Space


STARTUP = 4
"""Trials that must have ended with something to learn before TPE is asked."""

RANDOM_EVERY = 3
"""Of the trials at a ratio after the first, one in so many is random."""

TEACHING = ("completed", "stopped", "diverged", "collapsed")
"""Ends of trials that a model can learn from."""


def propose(
    space: Space,
    ratios: Sequence[float],
    seed: int,
    number: int,
    history: Iterable[TrialRecord],
) -> Sample:
    """The trial with that number.

    Args:
        space: What may vary.
        ratios: Labelled ratios that take turns, as `ratios_of` gives them.
        seed: Seed of the search, 0 or more.
        number: Place in the order of proposals, from 1.
        history: All trials with lower numbers, in any order.

    Returns:
        A sample that depends on nothing but the arguments.

    Raises:
        ValueError: If `number` is below 1 or `ratios` is empty.
    """
    if not number >= 1:
        raise ValueError(f"`number` must be 1 or more, got {number}.")
    if not ratios:
        raise ValueError("`ratios` must name at least one ratio, got none.")
    turn, place = divmod(number - 1, len(ratios))
    records = sorted(history, key=lambda record: record.number)
    ended = sum(record.state in TEACHING for record in records)
    # Staggered, so that the random ones do not all fall on one ratio.
    drawn = (turn + place) % RANDOM_EVERY == 0 or ended < STARTUP
    origin: Origin = "start" if turn == 0 else "random" if drawn else "tpe"
    values = dict(space.start)
    if origin != "start":
        values |= study.ask(
            space, records if origin == "tpe" else [], origin, seed, number
        )
    ratio = ratios[place]
    return Sample(
        trial=name_of(number),
        number=number,
        ratio=ratio,
        values=values | {RATIO: ratio},
        origin=origin,
    )
