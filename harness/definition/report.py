"""What a worker answers after each epoch: plain values, so that it may be anywhere."""

import socket
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnets.findings import Finding


@dataclass(frozen=True, kw_only=True)
class Report:
    """One epoch of one job."""

    stage: str
    epoch: int
    epochs: int
    step: int
    """Epochs of the joint stage; 0 in the stages before it."""
    last: bool
    terms: dict[str, float]
    """Unweighted loss terms."""
    terms_so_far: dict[str, float] = field(default_factory=dict)
    """Newest value of every term, also of stages that are over."""
    metrics: dict[str, float]
    """Validation figures; empty while there are none."""
    health: dict[str, float] = field(default_factory=dict)
    """Figures that the rules against collapse look at; likewise."""
    finding: Finding | None = None
    """The rule that has fired, if one has; the trial is to end."""
    seconds: float
    node: str
    device: str = "cpu"
    """What it was trained on."""
    pictures: np.ndarray | None = None
    """uint8 [height, width, 3]: measured, rendered, random and joints."""
    final: dict[str, Any] = field(default_factory=dict)
    """Figures on the test split, at the end of a run that is tested."""
    test_errors_mm: np.ndarray | None = None
    """[frames, joints] Error of each joint of each test frame, likewise."""
    not_scored: int = 0
    """Test frames that are in none of them: no hand was seen, or there is no label."""
    restored: tuple[str, ...] = ()
    """What was amiss when the run was taken up again, a sentence each."""
    unsaved: tuple[str, ...] = ()
    """What could not be stored, likewise; the run goes on without."""
    paid: tuple[str, ...] = ()
    """How it came by its pre-trainings, a sentence of `stage_notes` each."""
    failure: str = ""
    """Why the run cannot go on, where another try would end the same."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything that a person should hear of."""
        return (*self.restored, *self.unsaved)


def failed(failure: str) -> Report:
    """The report of a run that ended outside any epoch."""
    return Report(
        stage="",
        epoch=0,
        epochs=0,
        step=0,
        last=False,
        terms={},
        metrics={},
        seconds=0.0,
        node=socket.gethostname(),
        failure=failure,
    )
