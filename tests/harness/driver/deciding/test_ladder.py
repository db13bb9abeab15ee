"""Who is ahead at a rung, who waits there, and who is next."""

import math

from hypothesis import given, strategies as st

from harness.definition.rungs import Rungs
from harness.driver.deciding.ladder import Ladder, allowed


RUNGS = Rungs(grace=2, eta=3, max_step=9, factor=2)


def reached(values, step=2, **options):
    """A ladder at whose first rung trials wait with these values."""
    ladder = Ladder(RUNGS, **options)
    for number, value in enumerate(values, start=1):
        assert ladder.reach(str(number), number, step, value) == 2
        ladder.pause(str(number))
    return ladder


def test_a_trial_enters_each_rung_once():
    """With its first value at or after the rung; between rungs it enters none."""
    ladder = Ladder(RUNGS)
    entered = [ladder.reach("a", 1, step, 1.0) for step in range(1, 9)]
    assert entered == [None, 2, None, 4, None, None, None, 8]
    assert Ladder(RUNGS).reach("a", 1, 5, 1.0) == 4


def test_one_in_eta_may_go_on():
    """Of five one, of six two: the best, one after the other."""
    ladder = reached([5.0, 1.0, 4.0, 2.0, 3.0])
    assert ladder.promotable() == "2"
    ladder.take("2")
    assert ladder.promotable() is None
    ladder.reach("6", 6, 2, 6.0)
    assert ladder.promotable() == "4"


def test_the_deepest_rung_comes_first():
    """Three wait at each of two rungs: the best of the deeper one is next."""
    ladder = reached([1.0, 2.0, 3.0])
    for number, value in ((4, 9.0), (5, 8.0), (6, 7.0)):
        ladder.reach(str(number), number, 4, value)
        ladder.pause(str(number))
    assert ladder.promotable() == "6"
    ladder.take("6")
    assert ladder.promotable() == "1"


def test_the_only_one_may_go_on():
    """Where that is wished: of one one, of two and of seven with `eta` 4 none and one."""
    assert [allowed(n, 4, only_one=True) for n in (1, 2, 3, 4, 7, 8)] == [
        1,
        0,
        0,
        1,
        1,
        2,
    ]
    assert [allowed(n, 4, only_one=False) for n in (1, 2, 4)] == [0, 0, 1]
    assert reached([9.0]).promotable() is None
    ladder = reached([9.0], only_one=True)
    place = ladder.place("1")
    assert (ladder.promotable(), place.keep, place.cutoff) == ("1", 1, 9.0)
    assert reached([9.0, 1.0], only_one=True).promotable() is None


def test_who_is_the_only_one_when_others_have_failed():
    """It may go on, as if it had come first."""
    ladder = reached([1.0, 2.0], only_one=True)
    ladder.withdraw("1")
    assert ladder.promotable() == "2"


def test_a_place_by_hand():
    """Rank, peers, how many may go on, and the worst value of those."""
    ladder = reached([5.0, 1.0, 4.0, 2.0, 3.0, 6.0])
    place = ladder.place("5")
    assert (place.rung, place.value, place.rank, place.peers) == (2, 3.0, 3, 6)
    assert (place.keep, place.cutoff) == (2, 2.0)


def test_of_equal_values_the_earlier_is_ahead():
    """So there is always one best."""
    ladder = reached([1.0, 1.0, 1.0])
    assert [ladder.place(name).rank for name in "123"] == [1, 2, 3]
    assert ladder.promotable() == "1"


def test_who_failed_was_never_there():
    """Its values and its place in the queue are gone."""
    ladder = reached([1.0, 2.0, 3.0])
    ladder.withdraw("1")
    assert ladder.place("2").peers == 2
    assert ladder.promotable() is None
    assert ladder.best_waiting() == "2"


def test_the_best_that_waits_is_looked_for_at_every_rung():
    """By value alone; nobody where nobody waits."""
    ladder = reached([3.0, 2.0])
    ladder.take("1")
    ladder.reach("1", 1, 4, 1.0)
    assert ladder.best_waiting() == "2"
    ladder.pause("1")
    assert ladder.best_waiting() == "1"
    assert Ladder(RUNGS).best_waiting() is None


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_promotable_is_the_best_that_waits_and_may_go_on(values):
    """As a search through all of them finds it."""
    ladder, gone = reached(values), []
    while (trial := ladder.promotable()) is not None:
        order = sorted((value, n) for n, value in enumerate(values, start=1))
        best = [str(number) for _, number in order][: math.floor(len(values) / 3)]
        assert trial == next(name for name in best if name not in gone)
        ladder.take(trial)
        gone.append(trial)
    assert len(gone) == len(values) // 3


def test_the_next_rung():
    """The first one beyond a step."""
    ladder = Ladder(RUNGS)
    assert [ladder.next_rung(s) for s in (0, 1, 2, 5, 8)] == [2, 2, 4, 8, None]
