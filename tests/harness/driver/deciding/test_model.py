"""When the model proposes, where, and when it knows that it knows nothing."""

import numpy as np
import pytest

from harness.definition.trial import Sample, name_of
from harness.driver.deciding import model
from harness.driver.deciding.history import History
from harness.driver.deciding.model import Model
from search_spaces import Real, Space


SPACE = Space("s", {"x": Real(0.0, 1.0), "y": Real(0.0, 1.0)}, {"x": 0.5, "y": 0.5})


def taught(count, error, seed=0):
    """A model that has seen so many trials with these errors."""
    history, random = History(SPACE, (1.0,)), np.random.default_rng(seed)
    learner = Model(history)
    for number in range(1, count + 1):
        x, y = map(float, random.random(2))
        learner.learn()
        history.add(
            Sample(
                trial=name_of(number),
                number=number,
                ratio=1.0,
                values={"x": x, "y": y},
                origin="random",
            )
        )
        history.stand(name_of(number), 2, error(x, y, random))
    learner.learn()
    return learner


def bowl(x, y, _random):
    """Best at (0.7, 0.2)."""
    return (x - 0.7) ** 2 + (y - 0.2) ** 2


def chance(_x, _y, random):
    """The place tells nothing."""
    return random.random()


def test_it_is_not_asked_before_it_has_seen_enough():
    """Ten trials that stand, and not nine."""
    random = np.random.default_rng(1)
    assert taught(model.FEWEST - 1, bowl).propose(random) is None
    assert taught(model.FEWEST + 20, bowl).propose(random) is not None


def test_it_proposes_near_the_best():
    """Most of its draws are closer than those of chance."""
    learner, random = taught(60, bowl), np.random.default_rng(1)
    points = np.array([learner.propose(random).point for _ in range(20)])
    away = np.hypot(points[:, 0] - 0.7, points[:, 1] - 0.2)
    assert np.median(away) < 0.12


def test_it_expects_more_of_better_places():
    """Its score is below the middle where it proposes."""
    drawn = taught(60, bowl).propose(np.random.default_rng(1))
    assert drawn.expected < -0.5
    assert 0 < drawn.std < 1


def test_noise_is_not_believed():
    """Where the values tell nothing it proposes nothing."""
    asked = [
        taught(80, chance, seed).propose(np.random.default_rng(1)) for seed in range(5)
    ]
    assert sum(drawn is None for drawn in asked) >= 4


def test_trials_that_run_are_reckoned_with():
    """Where some run it is surer of what it expects."""
    learner = taught(60, bowl)
    first = learner.propose(np.random.default_rng(1))
    for number in range(61, 66):
        learner._history.add(
            Sample(
                trial=name_of(number),
                number=number,
                ratio=1.0,
                values=dict(zip("xy", map(float, first.point), strict=True)),
                origin="model",
            )
        )
    again = learner.propose(np.random.default_rng(1))
    assert again.std < 0.9 * first.std


def test_only_some_of_many_are_learned_from():
    """The best of them, and others spread over the rest."""
    shares = (np.arange(1000) + 0.5) / 1000
    lesson = model._few(shares[:, None], shares)
    points, scores = lesson.points, lesson.scores
    assert len(points) == len(scores) == model.MOST
    assert points[: model.MOST // 2, 0] == pytest.approx(shares[: model.MOST // 2])
    assert points[-1, 0] == shares[-1]
    assert scores.max() == model.CLIP
