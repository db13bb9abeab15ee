"""What the leaderboard says in words."""

import pytest

from results.verdicts import trials


@pytest.fixture
def said():
    """Sentences about one best trial at 10 % of the labels."""

    def say(*, has_finals=False, mean_pose=40.0, rows=1, epochs=9, **given):
        row = {"trial": "t-00007", "labelled_ratio": 0.1, "state": "completed"}
        row |= {"epoch": 9, "objective_mm": 20.0} | given
        known = {} if mean_pose is None else {"0.1": mean_pose}
        return trials.sentences(
            [row] * rows,
            name="s",
            epochs=epochs,
            mean_pose_mm=known,
            has_finals=has_finals,
        )

    return say


ONE_SEED = (
    "These are errors of one seed, the best of many: how sure they are, and what they "
    "are on the test split, says `crossnets rerun s`."
)


def test_a_sound_best(said):
    """Only that it is the error of one seed, and what tells more."""
    assert said() == [ONE_SEED]
    assert said(has_finals=True) == [
        "These are errors of one seed: `crossnets rerun s` has the finals."
    ]
    assert said(rows=0) == []


def test_one_that_is_no_better_than_the_mean_pose(said):
    """As bad is not better; without a baseline nothing is said."""
    assert said(objective_mm=40.0) == [
        "t-00007 at 10 % of the labels is no better than the mean pose (40.0 mm "
        "against 40.0 mm).",
        ONE_SEED,
    ]
    assert said(objective_mm=40.0, mean_pose=None) == [ONE_SEED]


def test_one_that_is_not_complete(said):
    """Its state, and how far it came; of how many epochs, where that is known."""
    unknown = said(state="stopped", epoch=3, epochs=None)[0]
    assert unknown.endswith("is not complete: stopped after epoch 3.")
    assert said(state="stopped", epoch=3) == [
        "t-00007 at 10 % of the labels is not complete: stopped after epoch 3 of 9.",
        ONE_SEED,
    ]
