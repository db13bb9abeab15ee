import pytest

from results.statistics import racing


def errors(*means: float, rounds: int = 3) -> dict[str, dict[int, float]]:
    """Entrants with a small spread that they do not share."""
    return {
        f"t-{n}": {s: mean + 0.1 * ((s * (n + 2)) % 3) for s in range(rounds)}
        for n, mean in enumerate(means)
    }


def test_a_clearly_worse_one_stops():
    """One that is 20 mm worse in every seed is out after three."""
    assert racing.dropped(errors(20, 40), seeds=5) == {"t-1": "t-0"}


def test_one_that_is_hardly_worse_goes_on():
    """A tenth of a millimetre within the spread tells nothing."""
    assert racing.dropped(errors(20, 20.1), seeds=5) == {}


@pytest.mark.parametrize(("rounds", "seeds"), [(2, 5), (3, 3)])
def test_nothing_is_tested_before_three_seeds_or_where_nothing_is_saved(rounds, seeds):
    """Two seeds hardly tell, and after the last one nothing is left to save."""
    assert racing.dropped(errors(20, 90, rounds=rounds), seeds=seeds) == {}


def test_one_that_diverged_is_compared_over_the_seeds_it_has():
    """With fewer than three it stays."""
    held = errors(20, 90)
    del held["t-1"][0]
    assert racing.dropped(held, seeds=5) == {}


def test_never_all():
    """Somebody is always the best."""
    assert len(racing.dropped(errors(20, 40, 60, 80), seeds=6)) == 3


def test_alone():
    """Nobody races against nobody."""
    assert racing.dropped(errors(20), seeds=5) == {}
