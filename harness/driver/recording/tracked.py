"""Everything that the driver knows of one trial while the search runs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.definition.report import Report
from harness.definition.trial import Proposal, TrialRecord
from results import ranking


@dataclass
class Tracked:
    """Everything that the driver knows of one trial."""

    proposal: Proposal
    state: str = "pending"
    reason: str = ""
    attempt: int = 1
    curve: dict[int, float] = field(default_factory=dict)
    """Objective in mm by step."""
    stage: str = ""
    """Where it is, for people: such as `gan 3/5`."""
    terms: dict[str, float] = field(default_factory=dict)
    """Newest value of every loss term, also of stages that are over."""
    wall_time_s: float = 0.0
    node: str | None = None
    """Host of the last report."""
    device: str | None = None
    """What it trained on there: `cpu` or `cuda`."""
    thrown_back: int = 0
    """The last attempt that was said to have lost its checkpoints."""
    _ended: TrialRecord | None = field(default=None, repr=False)

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("pending", "running")

    @property
    def step(self) -> int | None:
        """The last step reported."""
        return max(self.curve, default=None)

    @property
    def objective_mm(self) -> float | None:
        """The objective at that step."""
        return self.curve[self.step] if self.step is not None else None

    @property
    def standing(self) -> ranking.Standing | None:
        """How good it is; None for one that is never among the best."""
        number = self.proposal.number
        return ranking.standing(self.state, self.step, self.objective_mm, number)

    def record(self) -> TrialRecord:
        """The trial as the sampler sees it; made once when it has ended."""
        known = self._ended
        if known and (known.state, len(known.curve)) == (self.state, len(self.curve)):
            return known
        made = TrialRecord(
            trial=self.proposal.trial,
            number=self.proposal.number,
            ratio=self.proposal.ratio,
            values=self.proposal.values,
            state=self.state,
            curve=tuple(sorted(self.curve.items())),
        )
        if not self.open:
            self._ended = made
        return made


Watcher = Callable[[Tracked, Report | None], None]
"""Called after every event with the trial, and the report if there was one."""
