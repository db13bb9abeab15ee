"""What those who decide about a trial and those who run it tell each other.

A `Sample` is a point of the space, a `Proposal` what to run there, a `Decision`
what happens after a report, and a `TrialRecord` what is known of a trial when the next one is proposed.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cnets.config import TrainConfig
from results.format import schema
from search_spaces import Value


Origin = Literal["start", "random", "tpe", "model"]
"""Where a proposal comes from."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A point of the space, as the sampler gives it."""

    trial: str
    """Its name, `t-00001` and so on."""
    number: int
    """Its place in the order of proposals, from 1."""
    ratio: float
    """Its labelled ratio."""
    values: Mapping[str, Value]
    """Every parameter of the space, and the ratio, by dotted name."""
    origin: Origin
    """Where the values come from."""
    expected_score: float | None = None
    """What the model expected of it, as normal score of its standing: 0 is the middle,
    smaller is better; None if no model proposed it."""
    expected_score_std: float | None = None
    """How sure the model was, as standard deviation of that."""


@dataclass(frozen=True, kw_only=True)
class Proposal(Sample):
    """One trial to run."""

    config: TrainConfig
    """What to train, with the values and the seeds."""
    reported: int = 0
    """The last epoch whose report is stored, from which the trial goes on."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What happens to a trial after a report, and why."""

    action: Literal["continue", "stop", "pause", "promote"]
    """Whether the trial trains on, or waits at a rung, or goes on from there."""
    state: (
        Literal[
            "completed",
            "stopped",
            "diverged",
            "collapsed",
            "crashed",
            "cancelled",
            "paused",
        ]
        | None
    ) = None
    """How the trial ended, or that it waits; None while it goes on."""
    rung: int | None = None
    """Step of the rung that was decided at; None between rungs."""
    cutoff: float | None = None
    """Largest value that goes on at this rung, in the unit of the values."""
    rank: int | None = None
    """1 + how many values at the rung are strictly smaller."""
    peers: int | None = None
    """Values seen at the rung, this one included."""
    reason: str = ""
    """One sentence."""


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """What is known of one earlier trial."""

    trial: str
    """Its name."""
    number: int
    """Its place in the order of proposals, from 1."""
    ratio: float
    """Its labelled ratio."""
    values: Mapping[str, Value]
    """Every parameter of the space by dotted name."""
    state: str
    """One of `results.format.schema.STATES`."""
    curve: tuple[tuple[int, float], ...] = ()
    """Step and error in mm of every report, in order."""

    def __post_init__(self) -> None:
        if self.state not in schema.STATES:
            known = ", ".join(schema.STATES)
            raise ValueError(f"`state` must be one of {known}, got {self.state!r}.")
        if self.state == "completed" and self.last() is None:
            rule = "have a finite value where `state` is completed"
            raise ValueError(f"`curve` must {rule}, got {self.curve!r}.")

    def last(self) -> tuple[int, float] | None:
        """The last step with a finite value, and that value."""
        return self._last

    @functools.cached_property
    def _last(self) -> tuple[int, float] | None:
        return max((p for p in self.curve if math.isfinite(p[1])), default=None)


def name_of(number: int) -> str:
    """The name of the trial with that number: 1 is `t-00001`."""
    return f"t-{number:05d}"
