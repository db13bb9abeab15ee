"""What a search knows: standings, points, and what was tried."""

import math

import numpy as np
import pytest

from harness.definition.trial import Sample, name_of
from harness.driver.deciding.history import History
from search_spaces import OneOf, Real, Space, Whole


SPACE = Space(
    "s",
    {"x": Real(0.0, 1.0), "labelled_ratio": OneOf((0.5, 1.0))},
    {"x": 0.5, "labelled_ratio": 0.5},
)


def filled(*xs, ratio=1.0):
    """A history of trials at these places."""
    history = History(SPACE, (0.5, 1.0))
    for x in xs:
        add(history, x, ratio)
    return history


def add(history, x, ratio=1.0):
    """One more trial."""
    number = len(history.trials) + 1
    history.add(
        Sample(
            trial=name_of(number),
            number=number,
            ratio=ratio,
            values={"x": x, "labelled_ratio": ratio},
            origin="random",
        )
    )
    return name_of(number)


def test_standings_by_hand():
    """The deeper rung first, then the value; the failed share the last places."""
    history = filled(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    for number, depth, value in [
        (1, 2, 1.0),
        (2, 4, 9.0),
        (3, 4, 8.0),
        (5, -1, math.inf),
        (6, -1, math.inf),
    ]:
        history.stand(name_of(number), depth, value)
    points, shares = history.standings()
    assert points[:, 0] == pytest.approx([0.1, 0.2, 0.3, 0.5, 0.6])
    assert shares == pytest.approx([2.5 / 5, 1.5 / 5, 0.5 / 5, 4 / 5, 4 / 5])
    assert (history.standing, list(history.waiting)) == (5, ["t-00004"])


def test_ratios_are_ranked_apart():
    """The best at each has the same standing, whatever the values."""
    history = filled(0.1, 0.2)
    for x in (0.3, 0.4):
        add(history, x, 0.5)
    for number, value in enumerate([1.0, 2.0, 30.0, 20.0], start=1):
        history.stand(name_of(number), 2, value)
    assert history.standings()[1] == pytest.approx([0.25, 0.75, 0.75, 0.25])


def test_what_tells_nothing_is_forgotten():
    """Whether it stood or waited."""
    history = filled(0.1, 0.2)
    history.stand("t-00001", 2, 1.0)
    history.forget("t-00001")
    history.forget("t-00002")
    assert (history.standing, list(history.waiting)) == (0, [])
    assert len(history.standings()[1]) == 0


def test_it_grows():
    """Far beyond the room that it starts with."""
    history = filled(*np.linspace(0, 1, 300))
    history.stand("t-00300", 2, 1.0)
    assert history.points(["t-00300", "t-00001"])[:, 0] == pytest.approx([1.0, 0.0])
    assert history.standings()[0][:, 0] == pytest.approx([1.0])


def test_what_was_tried_is_known_for_each_ratio():
    """A space is full where nothing is left; one without end never is."""
    history = filled(0.25)
    assert history.was_tried(1.0, {"x": 0.25})
    assert not history.was_tried(0.5, {"x": 0.25})
    assert history.count(1.0) > history.count(0.5) == 0
    assert not history.is_full(1.0)
    small = History(Space("w", {"n": Whole(1, 2)}, {"n": 1}), (1.0,))
    for number in (1, 2):
        assert not small.is_full(1.0)
        small.add(
            Sample(
                trial=name_of(number),
                number=number,
                ratio=1.0,
                values={"n": number},
                origin="random",
            )
        )
    assert small.is_full(1.0)
    assert sorted(v["n"] for v in small.tried(1.0)) == [1, 2]
