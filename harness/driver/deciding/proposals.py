"""What to try next: who proposes, and that nothing is tried twice.

The first trials of a ratio are the starts of the space. Of the others the model proposes all
but a share that is drawn at random; so is every trial as long as the model predicts
nothing. Optuna's TPE or chance alone may take the model's place.

No configuration is proposed twice at a ratio. A draw that was proposed before gives
way to a random one that was not: of a space with finitely many, any of the rest is
equally likely.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from harness.definition.reuse import Reuse
from harness.definition.spaces import RATIO
from harness.definition.trial import Origin, Sample, name_of
from harness.driver.deciding.history import History
from harness.driver.deciding.model import Drawn, Model
from harness.driver.deciding.reused import Reused, Taken
from search_spaces import Space, Value, configurations


Sampler = Literal["model", "tpe", "random"]
"""Who proposes."""

RANDOM_SHARE = 0.25
"""Share of proposals that are random whatever the model says."""

STARTUP = 4
"""Trials that must stand before TPE is asked."""

REDRAWS = 100
"""Random draws from a space without end of which one should be new."""


class Proposals:
    """Gives new trials of one search."""

    def __init__(
        self,
        space: Space,
        ratios: Sequence[float],
        seed: int,
        sampler: Sampler = "model",
        reuse: Sequence[Reuse] = (),
    ) -> None:
        """Start with no trial.

        Args:
            space: What may vary.
            ratios: Labelled ratios of the search.
            seed: Seed of the search, 0 or more.
            sampler: Who proposes.
            reuse: Stages whose settings are taken over now and then.
        """
        self.history = History(space, ratios)
        self._space, self._seed, self._sampler = space, seed, sampler
        self._model = Model(self.history) if sampler == "model" else None
        self._reused = Reused(self.history, reuse)

    def learn(self) -> None:
        """Take note of what is known; once before every trial that is proposed."""
        if self._model is not None:
            self._model.learn()

    def propose(self, ratio: float) -> Sample | None:
        """The next trial at a ratio; None if everything was tried there."""
        number = len(self.history.trials) + 1
        if self.history.is_full(ratio):
            return None
        random = np.random.default_rng([self._seed, number])
        values, origin, drawn = self._values(ratio, number, random)
        if self.history.was_tried(ratio, values):
            again = self._untried(ratio, random)
            if again is None:
                return None
            values, origin, drawn = again, "random", None
        return Sample(
            trial=name_of(number),
            number=number,
            ratio=ratio,
            values=values | {RATIO: ratio},
            origin=origin,
            expected_score=None if drawn is None else drawn.expected,
            expected_score_std=None if drawn is None else drawn.std,
        )

    def _values(
        self, ratio: float, number: int, random: np.random.Generator
    ) -> tuple[dict[str, Value], Origin, Drawn | None]:
        """What the sampler wishes to try."""
        history, cube = self.history, self.history.cube
        if (begun := history.count(ratio)) < len(self._space.starts):
            start = self._space.starts[begun]
            return {n: start[n] for n in cube.parameters}, "start", None
        chance = random.random() < RANDOM_SHARE
        taken = self._reused.taken(ratio, random)
        if self._model is not None and not chance:
            drawn = self._model.propose(random, taken)
            if drawn is not None:
                values = cube.values(drawn.point)
                return values | self._copied(taken, drawn.donor), "model", drawn
        donor = 0 if taken is None else int(random.integers(len(taken.donors)))
        copied = self._copied(taken, donor)
        if self._sampler == "tpe" and not chance and history.standing >= STARTUP:
            from harness.driver.deciding import study

            records = [seen.record() for seen in history.trials.values()]
            values = study.ask(self._space, records, "tpe", self._seed, number)
            return values | copied, "tpe", None
        values = cube.values(random.random(len(cube.parameters)))
        return values | copied, "random", None

    def _copied(self, taken: Taken | None, donor: int) -> dict[str, Value]:
        """What is taken over from one of its donors."""
        return {} if taken is None else self._reused.values(taken, donor)

    def _untried(
        self, ratio: float, random: np.random.Generator
    ) -> dict[str, Value] | None:
        """A random configuration that was not proposed at a ratio."""
        parameters, history = self.history.cube.parameters, self.history
        size = configurations.count(parameters)
        for _ in range(REDRAWS) if size is None else ():
            values = history.cube.values(random.random(len(parameters)))
            if not history.was_tried(ratio, values):
                return values
        if size is None:
            return None
        taken = {configurations.number(parameters, v) for v in history.tried(ratio)}
        place = int(random.integers(size - len(taken)))
        for other in sorted(taken):
            place += other <= place
        return configurations.at(parameters, place)
