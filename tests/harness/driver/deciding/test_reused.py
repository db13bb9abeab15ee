"""What is taken over from whom, by hand; how often is in `test_proposals`."""

import numpy as np
import pytest

from harness.definition.reuse import Reuse
from harness.definition.trial import Sample, name_of
from harness.driver.deciding.history import History
from harness.driver.deciding.reused import Reused
from search_spaces import Real, Space


NAMES = ("a", "b", "c")
SPACE = Space("s", {n: Real(0.0, 1.0) for n in NAMES}, dict.fromkeys(NAMES, 0.5))


@pytest.fixture
def history():
    """Two trials at 0.5 and one at 1."""
    found = History(SPACE, (0.5, 1.0))
    for number, ratio in ((1, 0.5), (2, 0.5), (3, 1.0)):
        values = {name: number / 10 + place / 100 for place, name in enumerate(NAMES)}
        found.add(
            Sample(
                trial=name_of(number),
                number=number,
                ratio=ratio,
                values=values,
                origin="random",
            )
        )
    return found


def part(fields, share=1.0, of_a_ratio=False) -> Reuse:
    """A stage of those settings."""
    return Reuse(stage="x", fields=fields, share=share, of_a_ratio=of_a_ratio)


def test_two_stages_take_over_from_one_trial(history):
    """The fields of both, from trials of the ratio, as one stage needs them."""
    reused = Reused(history, [part(("a",), of_a_ratio=True), part(("a", "c"))])
    taken = reused.taken(0.5, np.random.default_rng(0))
    assert taken.fields == ("a", "c")
    assert taken.axes.tolist() == [0, 2]
    assert taken.donors == ("t-00001", "t-00002")
    assert reused.values(taken, 1) == {"a": 0.2, "c": 0.22}
    assert taken.points[1].tolist() == pytest.approx([0.2, 0.21, 0.22])


def test_nothing_is_taken_over(history):
    """Without stages, by chance, and where no trial is there."""
    random = np.random.default_rng(0)
    assert Reused(history, []).taken(0.5, random) is None
    assert Reused(history, [part(("a",), share=0.0)]).taken(0.5, random) is None
    empty = History(SPACE, (0.5, 1.0))
    assert Reused(empty, [part(("a",))]).taken(0.5, random) is None


def test_nothing_is_taken_over_from_a_trial_that_failed(history):
    """Its VAE or GAN may be why."""
    history.trials["t-00001"].state = "diverged"
    history.trials["t-00003"].state = "collapsed"
    taken = Reused(history, [part(("a",))]).taken(0.5, np.random.default_rng(0))
    assert taken.donors == ("t-00002",)
