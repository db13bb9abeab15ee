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


def dropped(errors: Mapping[str, Mapping[int, float]], *, seeds: int) -> dict[str, str]:
    """The entrants that are clearly worse than another one.

    Args:
        errors: By entrant, the error of each seed that has ended, millimetres. Call it
            again after every round; an entrant that is out stays in with what it has.
        seeds: Seeds that the finals will have in all.

    Returns:
        Those that may stop, each with one that it is clearly worse than; never all
        of them.

    Raises:
        ValueError: If an error is not finite.
    """
    rounds = seeds - FIRST_ROUND  # after the last one there is nothing to save
    if rounds < 1 or len(errors) < 2:
        return {}
    level = LEVEL / (rounds * (len(errors) - 1))
    out: dict[str, str] = {}
    for name, own in errors.items():
        for other, rival in errors.items():
            if other != name and _is_worse(own, rival, level):
                out.setdefault(name, other)
    return out


def _is_worse(
    own: Mapping[int, float], rival: Mapping[int, float], level: float
) -> bool:
    """Whether a one-sided test over their common seeds says so."""
    found = pairs.paired(own, rival)
    if found is None or found.count < FIRST_ROUND or found.p_value is None:
        return False
    return found.difference > 0 and found.p_value / 2 <= level
