"""How far a ratio is, by hand; what a search is worth is in `test_ladders`."""

from harness.definition.rungs import Rungs
from harness.driver.deciding.course import Course, worth


RUNGS = Rungs(grace=2, eta=4, max_step=8, factor=2)


def test_what_runs_has_its_way_to_go():
    """To the next rung, or to the end; one that leaves has none."""
    course = Course(RUNGS)
    course.run("a", 0)
    course.run("b", 3)
    assert (course.to_rungs, course.to_ends) == (2 + 1, 8 + 5)
    course.run("a", 1)
    assert (course.to_rungs, course.to_ends) == (1 + 1, 7 + 5)
    course.run("b", 4)  # the next rung after 4 is the end
    assert (course.to_rungs, course.to_ends) == (1 + 4, 7 + 4)
    course.leave("a")
    course.leave("never ran")
    assert (course.to_rungs, course.to_ends) == (4, 4)


def test_the_worth_of_few_trials_brings_two_a_ratio_to_their_ends():
    """Of many it is what is expected of each; the first of a ratio goes to its end."""
    assert worth(RUNGS, 1, 2) == 8
    assert worth(RUNGS, 2, 2) == 16
    assert worth(RUNGS, 3, 1) == 3 * 2 + 2 * 6
    each = 2 + 2 / 4 + 4 / 16
    assert worth(RUNGS, 101, 1) == 8 + 100 * each / 0.75
