"""Which finalists are clearly worse after some rounds, so that they may stop.

Every entrant is tested against every other after each round with a fresh seed. The
level is shared out over the rounds and the rivals, so the truly best one is dropped in
at most `LEVEL` of all races, whatever the errors are correlated like.

Source:
    Bonferroni's inequality; the idea of racing: Maron and Moore 1994, "Hoeffding
    races".
"""

from collections.abc import Mapping

from results.statistics import pairs


FIRST_ROUND = 3
"""Seeds before the first test; with two, Student's t hardly ever tells."""

LEVEL = 0.05
"""Most probability that the best one is dropped."""


def dropped(errors: Mapping[str, Mapping[int, float]], *, seeds: int) -> set[str]:
    """The entrants that are clearly worse than another one.

    Args:
        errors: By entrant, the error of each seed that has ended, millimetres. Call it
            again after every round; an entrant that is out stays in with what it has.
        seeds: Seeds that the finals will have in all.

    Returns:
        Names of those that may stop; never all of them.

    Raises:
        ValueError: If an error is not finite.
    """
    rounds = seeds - FIRST_ROUND  # after the last one there is nothing to save
    if rounds < 1 or len(errors) < 2:
        return set()
    level = LEVEL / (rounds * (len(errors) - 1))
    return {
        name
        for name, own in errors.items()
        if any(
            _is_worse(own, rival, level)
            for other, rival in errors.items()
            if other != name
        )
    }


def _is_worse(
    own: Mapping[int, float], rival: Mapping[int, float], level: float
) -> bool:
    """Whether a one-sided test over their common seeds says so."""
    found = pairs.paired(own, rival)
    if found is None or found.count < FIRST_ROUND or found.p_value is None:
        return False
    return found.difference > 0 and found.p_value / 2 <= level
