"""Settings that a proposal takes over from earlier trials, whose pre-trainings exist.

The VAE and the GAN are trained once for all trials that agree in their settings, and a
draw of every parameter agrees with nobody. So as often as `Reuse.share` says a proposal
takes the settings of a stage over from one earlier trial, the same one for all stages
that it takes over. Which trial that is the model chooses with the rest of the proposal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.definition.reuse import Reuse
from harness.driver.deciding.history import History
from search_spaces import Value


FAILED = ("diverged", "collapsed")
"""Ends of trials whose settings nobody takes over."""


@dataclass(frozen=True)
class Taken:
    """What a proposal takes over, and from whom it may."""

    fields: tuple[str, ...]
    """Parameters."""
    axes: NDArray[np.int64]
    """The same as axes of the cube."""
    donors: tuple[str, ...]
    """Trials."""
    points: NDArray[np.float64]
    """Where these lie, [trials, dimensions]."""


class Reused:
    """Says what a proposal takes over."""

    def __init__(self, history: History, parts: Sequence[Reuse]) -> None:
        """Take over nothing where no stage is named."""
        self._history, self._parts = history, tuple(parts)

    def taken(self, ratio: float, random: np.random.Generator) -> Taken | None:
        """What the next proposal at a ratio takes over; None for nothing.

        Args:
            ratio: Its labelled ratio.
            random: Of this proposal; asked only where there are stages to share.
        """
        parts = [part for part in self._parts if random.random() < part.share]
        of_a_ratio = any(part.of_a_ratio for part in parts)
        donors = tuple(
            name
            for name, seen in self._history.trials.items()
            if seen.state not in FAILED
            and (not of_a_ratio or seen.sample.ratio == ratio)
        )
        if not parts or not donors:
            return None
        names = list(self._history.cube.parameters)
        mine = {field for part in parts for field in part.fields}
        axes = [axis for axis, name in enumerate(names) if name in mine]
        return Taken(
            fields=tuple(names[axis] for axis in axes),
            axes=np.array(axes),
            donors=donors,
            points=self._history.points(donors),
        )

    def values(self, taken: Taken, donor: int) -> dict[str, Value]:
        """The settings of a donor, to the last bit.

        Args:
            taken: What is taken over.
            donor: Place of the trial among its donors.
        """
        values = self._history.trials[taken.donors[donor]].sample.values
        return {name: values[name] for name in taken.fields}
