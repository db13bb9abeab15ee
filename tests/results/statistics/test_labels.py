import math

import pytest

from results.statistics import labels


def curve(scale: float = 1.0) -> dict[int, dict[int, float]]:
    """Errors that fall by 10 mm with every tenfold of labels, 30 mm at 100 of them."""
    spread = {1: -0.1, 2: 0.0, 3: 0.1}
    return {
        number: {
            seed: 50 - 10 * math.log10(number) + scale * add
            for seed, add in spread.items()
        }
        for number in (100, 1000, 10000)
    }


def goal(error: float) -> dict[int, float]:
    """The same error in each seed."""
    return dict.fromkeys((1, 2, 3), error)


def test_where_a_line_meets_the_goal():
    """On a straight line any interpolation gives 10^(5 - e / 10) labels."""
    found = labels.equivalent(curve(), goal(25.0))
    assert found.labels == pytest.approx(10**2.5, rel=1e-3)
    reach = 4.302652729911275 * 0.1 / math.sqrt(3)
    assert found.low == pytest.approx(10 ** (2.5 - reach / 10), rel=0.02)
    assert found.high == pytest.approx(10 ** (2.5 + reach / 10), rel=0.02)


def test_seeds_that_are_shared_cancel_out():
    """What a seed does to curve and goal alike makes the interval no wider."""
    shared = {seed: 25.0 + 10 * add for seed, add in {1: -0.1, 2: 0.0, 3: 0.1}.items()}
    found = labels.equivalent(curve(10.0), shared)
    assert found.high / found.low < 1.05


def test_beyond_what_was_measured():
    """Better already with the fewest; not as good with the most."""
    found = labels.equivalent(curve(), goal(35.0))
    assert (found.labels, found.low, found.high) == (0, 0, 100)
    found = labels.equivalent(curve(), goal(5.0))
    assert (found.labels, found.low, found.high) == (math.inf, 10000, math.inf)


def test_what_cannot_be_told_has_an_open_end():
    """A goal within the spread of the last number may need more than were measured."""
    found = labels.equivalent(curve(20.0), goal(10.5))
    assert 1000 < found.low < found.labels < 10000
    assert found.high == math.inf


@pytest.mark.parametrize(
    ("given", "aim", "sentence"),
    [
        ({100: {1: 3.0, 2: 3.0}}, {1: 2.0, 2: 2.0}, "two numbers of labels"),
        (curve(), {1: 2.0, 9: 2.0}, "share two seeds or more, got 1"),
        (curve(), {1: 2.0, 2: math.nan}, "finite errors"),
    ],
)
def test_too_little_to_tell(given, aim, sentence):
    """One sentence."""
    with pytest.raises(ValueError, match=sentence):
        labels.equivalent(given, aim)
