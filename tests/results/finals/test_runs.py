"""The stored runs of the finals, from rows that each test writes."""

import math

from results.finals import runs


def test_how_a_run_ended_is_its_row_of_look_0(make):
    """In whatever order the rows come; of an older store it is the first look's."""
    ended, tested = make.runs("t-1", [11.0])
    assert runs.known([tested, ended]) == [ended]
    old = make.final(3, look=1)
    assert runs.known([make.final(3, look=2), old]) == [old]


def test_the_newest_look_of_a_ratio(make):
    """A ratio that was not read yet has none."""
    rows = make.runs("t-1", [11.0]) + make.runs("t-2", [12.0], look=3)
    rows += make.runs("t-3", [12.0], look=0, labelled_ratio=0.5)
    assert runs.looks(rows) == {1.0: 3, 0.5: 0}
    assert runs.looks([]) == {}


def test_figures_by_seed(make):
    """Those of sound runs, each from the row that has it."""
    (found,) = runs.of(
        make.runs("t-1", [11.0, "diverged", 13.0, "crashed"], search_mm=9.0)
    )
    assert (found.ratio, found.entrant, found.labels) == (1.0, "t-1", 1000)
    assert found.test == {0: 11.0, 2: 13.0}
    assert found.validation == {0: 10.0, 2: 12.0}
    assert found.mean_pose == {0: 50.0, 2: 50.0}
    assert found.floor == {0: 4.0, 2: 4.0}
    assert found.within_40mm == {0: 0.5, 2: 0.5}
    assert (found.look, found.frames, found.search_mm) == (1, 100, 9.0)
    assert found.states == {"completed": 2, "diverged": 1, "crashed": 1}
    assert (found.seeds, found.dropped) == (4, "")


def test_runs_that_the_race_saved_are_no_seeds(make):
    """They are counted apart, with the reason."""
    why = "Clearly worse than t-2 after 3 seeds."
    (found,) = runs.of(
        make.runs("t-1", [1.0, 2.0, 3.0, "dropped", "dropped"], reason=why)
    )
    assert (found.seeds, found.states["dropped"], found.dropped) == (3, 2, why)


def test_only_the_newest_look_counts(make):
    """Figures of the first look are left out, those of validation stay."""
    first = make.runs("t-1", [11.0, 12.0])
    again = [row for row in make.runs("t-1", [21.0, 22.0], look=2) if row["look"]]
    (found,) = runs.of(again + first)
    assert found.test == {0: 21.0, 1: 22.0}
    assert found.validation == {0: 10.0, 1: 11.0}
    assert found.look == 2


def test_a_figure_that_is_no_number_is_none(make):
    """NaN on the test split is as good as no row."""
    (found,) = runs.of(make.runs("t-1", [math.nan, 12.0]))
    assert found.test == {1: 12.0}


def test_the_order_is_that_of_ratio_and_error(make):
    """By test error, by validation where nothing was tested, last without any."""
    rows = make.runs("t-1", ["diverged"]) + make.runs("t-2", [12.0])
    rows += make.runs("t-3", [11.0]) + make.runs("t-4", [30.0], labelled_ratio=0.5)
    names = [found.entrant for found in runs.of(rows)]
    assert names == ["t-4", "t-3", "t-2", "t-1"]
    unread = make.runs("t-1", [30.0], look=0) + make.runs("t-2", [20.0], look=0)
    assert [found.entrant for found in runs.of(unread)] == ["t-2", "t-1"]
