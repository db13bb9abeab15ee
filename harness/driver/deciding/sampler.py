"""What to try next: a pure function of space, seed, number and history.

Nothing is kept between proposals: the same log gives the same proposal, on any
machine. How Optuna is asked is in `study.py`.

Who proposes. Ratios take turns. The first trial at each ratio is the space's
start; of the others at a ratio every third is drawn at random (in a search
with early stopping a third of random draws recovers about half of what the
model loses to misleading early values), and so is every trial until `STARTUP`
have ended; the rest comes from TPE.

No configuration is proposed twice at a ratio. A draw that was proposed before gives
way to one that was not: of a space with finitely many, any of the rest is equally
likely; of others, the next random draw that is new. A ratio at which all were proposed
has no more turns.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from harness.definition import spaces
from harness.definition.spaces import RATIO
from harness.definition.trial import Origin, Sample, TrialRecord, name_of
from harness.driver.deciding import study
from search_spaces import Space, Value, configurations


STARTUP = 4
"""Trials that must have ended with something to learn before TPE is asked."""

RANDOM_EVERY = 3
"""Of the trials at a ratio after the first, one in so many is random."""

TEACHING = ("completed", "stopped", "paused", "diverged", "collapsed")
"""Ends of trials that a model can learn from."""


REDRAWS = 100
"""Random draws from a space without end of which one should be new."""


def propose(
    space: Space,
    ratios: Sequence[float],
    seed: int,
    number: int,
    history: Iterable[TrialRecord],
) -> Sample | None:
    """The trial with that number.

    Args:
        space: What may vary.
        ratios: Labelled ratios that take turns, as `ratios_of` gives them.
        seed: Seed of the search, 0 or more.
        number: Place in the order of proposals, from 1.
        history: All trials with lower numbers, in any order.

    Returns:
        A sample that depends on nothing but the arguments; None if every
        configuration was proposed at every ratio.

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
    ratio, other = _not_yet_proposed(
        space, (*ratios[place:], *ratios[:place]), values, seed, number, records
    )
    if ratio is None:
        return None
    if other is not None:
        values, origin = values | other, "random"
    return Sample(
        trial=name_of(number),
        number=number,
        ratio=ratio,
        values=values | {RATIO: ratio},
        origin=origin,
    )


def _not_yet_proposed(
    space: Space,
    ratios: Sequence[float],
    values: Mapping[str, Value],
    seed: int,
    number: int,
    records: Sequence[TrialRecord],
) -> tuple[float | None, dict[str, Value] | None]:
    """The first ratio that has something new, and what to try if not `values`.

    Args:
        space: What may vary.
        ratios: In the order of their turns.
        values: What was drawn.
        seed: Seed of the search.
        number: Place of the proposal.
        records: All earlier trials.
    """
    searched = spaces.searched(space)
    size = configurations.count(searched)
    for ratio in ratios:
        earlier = [r.values for r in records if r.ratio == ratio and r.number < number]
        if not _is_among(values, earlier, searched):
            return ratio, None
        for again in range(1, REDRAWS + 1) if size is None else ():
            redrawn = study.ask(space, [], "random", seed, number, again=again)
            if not _is_among(redrawn, earlier, searched):
                return ratio, redrawn
        if size is None:
            continue
        tried = {configurations.number(searched, known) for known in earlier}
        if len(tried) < size:
            draw = np.random.default_rng([seed, number])
            place = int(draw.integers(size - len(tried)))
            for taken in sorted(tried):
                place += taken <= place
            return ratio, configurations.at(searched, place)
    return None, None


def _is_among(
    values: Mapping[str, Value],
    earlier: Iterable[Mapping[str, Value]],
    names: Iterable[str],
) -> bool:
    """Whether values were proposed before; most differ in the first of them."""
    return any(all(values[n] == known[n] for n in names) for known in earlier)
