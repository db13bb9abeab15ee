"""Policies on the same tasks with the same seeds, and their means."""

import pytest

from harness.replay import play


NUMBERS = {"workers": 2, "budget": 3, "grace_percent": 20.0, "seeds": 2}


def test_an_object_for_each_policy_task_and_seed(make_task):
    """With everything that a search came to."""
    tasks = [make_task(), make_task(seed=1)]
    names = ["crossnets_random", "random_asha_promote"]
    rows = list(play.play(tasks, names, **NUMBERS))
    assert [(r["policy"], r["seed"]) for r in rows] == [
        (name, seed) for name in names for _ in tasks for seed in (0, 1)
    ]
    assert set(rows[0]) == {
        "policy",
        "task",
        "seed",
        "regret",
        "started_regret",
        "trials",
        "nonfinite_share",
    }
    assert rows == list(play.play(tasks, names, **NUMBERS))


def test_means_by_hand():
    """Of two searches of a policy on a task; of one there is no error."""
    rows = [
        {"policy": policy, "task": "t", "seed": seed, "regret": regret}
        | {"started_regret": 0.0, "trials": 4, "nonfinite_share": 0.5}
        for policy, seed, regret in [("a", 0, 0.1), ("a", 1, 0.3), ("b", 0, 0.5)]
    ]
    first, second = play.means(rows)
    assert (first["policy"], first["seeds"]) == ("a", 2)
    assert first["regret"] == pytest.approx(0.2)
    assert first["error"] == pytest.approx(0.1)
    assert (second["regret"], second["error"]) == (0.5, None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"workers": 0}, "`workers` must be 1 or more, got 0."),
        ({"budget": 0}, "`budget` must be 1 or more, got 0."),
        ({"seeds": 0}, "`seeds` must be 1 or more, got 0."),
        ({"grace_percent": 0.0}, "`grace` must be above 0"),
    ],
)
def test_numbers_out_of_range_are_refused(changes, sentence, make_task):
    """Before anything is played."""
    with pytest.raises(ValueError, match=sentence):
        play.play([make_task()], ["crossnets"], **(NUMBERS | changes))


def test_an_unknown_policy_is_refused(make_task):
    """With the one that may have been meant."""
    with pytest.raises(ValueError, match=r"got 'random_ahsa'.*random_asha"):
        play.play([make_task()], ["random_ahsa"], **NUMBERS)
