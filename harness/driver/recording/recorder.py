"""What happens to a trial, as rows of the store.

One call makes one durable append, so a report and the decision it led to stand
or fall together.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness.definition.report import Report
from harness.definition.trial import Decision
from harness.driver.recording.patient_writer import PatientWriter
from harness.driver.recording.tracked import Tracked
from results import Writer
from results.format import caps, parameter_rows, schema


Row = tuple[str, dict[str, Any]]


class Recorder:
    """Writes the events of one search."""

    def __init__(
        self,
        writer: Writer | PatientWriter | None,
        space: str,
        code_version: str,
        *,
        code_sha256: str | None = None,
        data_sha256: str | None = None,
    ) -> None:
        """Writes through `writer`, which stays the caller's to close.

        Args:
            writer: Takes the rows; None where nothing is to be recorded.
            space: Name of the space.
            code_version: Version and commit of the code.
            code_sha256: Identity of the code that trains, which every worker has.
            data_sha256: Fingerprint of the data, likewise.
        """
        self._writer = writer
        self._space, self._code_version = space, code_version
        self._made_by = {"code_sha256": code_sha256, "data_sha256": data_sha256}
        self._held: list[Row] | None = None

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is recorded meanwhile is stored at the end, in one group.

        Nothing is stored if the work ends in an exception.
        """
        self._held = held = []
        try:
            yield
        finally:
            self._held = None
        self._append(held)

    def event(self, trial: Tracked, event: str) -> None:
        """Store where a trial stands, and its parameters when it is proposed."""
        rows: list[Row] = [("trials", self._trial(trial, event))]
        if event == "proposed":
            named = {"attempt": trial.attempt, "trial": trial.proposal.trial}
            rows += [
                ("parameters", named | cells)
                for cells in parameter_rows.rows(trial.proposal.values)
            ]
        self._store(rows)

    def reported(
        self, trial: Tracked, report: Report, decision: Decision, event: str | None
    ) -> None:
        """Store a report, what was decided about it and what became of the trial.

        Args:
            trial: As it stands after the report.
            report: An epoch of the joint stage.
            decision: What the scheduler said.
            event: The event of the trial, if the report made one.
        """
        rows: list[Row] = [("reports", self._report(trial, report))]
        if decision.rung is not None:
            rows.append(("decisions", _decision(trial, report.step, decision)))
        if event is not None:
            rows.append(("trials", self._trial(trial, event)))
        self._store(rows)

    def promoted(self, trial: Tracked, decision: Decision) -> None:
        """Store that a trial that waited goes on, and why."""
        assert trial.step is not None
        self._store(
            [
                ("decisions", _decision(trial, trial.step, decision)),
                ("trials", self._trial(trial, "promoted")),
            ]
        )

    def budget(self, trial: Tracked, epochs: int, reason: str) -> None:
        """Store that a search has another budget, as a report of a trial came in."""
        row = {
            "attempt": trial.attempt,
            "trial": trial.proposal.trial,
            "epoch": trial.step or 0,
            "labelled_ratio": trial.proposal.ratio,
            "action": "budget",
            "budget_epochs": epochs,
            "reason": reason,
        }
        self._store([("decisions", row)])

    def finals(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store how final runs ended, all of them or none."""
        made = {"code_version": self._code_version, **self._made_by}
        self._append([("finals", {**row, **made}) for row in rows])

    def frames(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store the error of each frame that a final run was tested on."""
        self._append([("frames", dict(row)) for row in rows])

    def _append(self, rows: Sequence[Row]) -> None:
        assert self._writer is not None
        self._writer.append_many(rows)

    def _store(self, rows: list[Row]) -> None:
        if self._held is None:
            self._append(rows)
        else:
            self._held += rows

    def _trial(self, trial: Tracked, event: str) -> dict[str, Any]:
        proposal, config = trial.proposal, trial.proposal.config
        return {
            "attempt": trial.attempt,
            "trial": proposal.trial,
            "number": proposal.number,
            "event": event,
            "state": trial.state,
            "reason": caps.cut(trial.reason),
            "origin": proposal.origin,
            "expected_score": proposal.expected_score,
            "expected_score_std": proposal.expected_score_std,
            "labelled_ratio": proposal.ratio,
            "seed": config.seed,
            "label_seed": config.label_seed,
            "epoch": trial.step,
            "objective_mm": trial.objective_mm,
            "wall_time_s": trial.wall_time_s,
            "config_json": json.dumps(config.flat()),
            "code_version": self._code_version,
            "space": self._space,
            "node": trial.node,
            "device": trial.device,
            **self._made_by,
        }

    def _report(self, trial: Tracked, report: Report) -> dict[str, Any]:
        terms = {name: trial.terms.get(name) for name in schema.LOSS_TERMS}
        found = report.metrics | report.health
        figures = {n: v for n, v in found.items() if n in FIGURE_COLUMNS}
        figures |= {n: float(np.float32(figures[n])) for n in SINGLE if n in figures}
        return {
            "attempt": trial.attempt,
            "trial": trial.proposal.trial,
            "epoch": report.step,
            "labelled_ratio": trial.proposal.ratio,
            "objective_mm": trial.curve[report.step],
            "seconds": round(report.seconds, 3),
            "node": report.node,
            **terms,
            **figures,
        }


FIGURE_COLUMNS = (
    "mean_joint_error_mm",
    "median_joint_error_mm",
    "worst_joint_error_mm",
    "frames_within_20mm",
    "frames_within_40mm",
    *schema.HEALTH_FIGURES,
    *schema.TRUNK_SHARES,
    "vae_floor_mm",
)
"""Figures that `reports` has a column for."""


SINGLE = (
    "mean_joint_error_mm",
    "worst_joint_error_mm",
    *schema.HEALTH_FIGURES,
    *schema.TRUNK_SHARES,
    "vae_floor_mm",
)
"""Figures for people, stored with the precision of the training: half the space.
`objective_mm` has every digit."""


def _decision(trial: Tracked, step: int, decision: Decision) -> dict[str, Any]:
    assert decision.rung is not None
    return {
        "attempt": trial.attempt,
        "trial": trial.proposal.trial,
        "epoch": step,
        "labelled_ratio": trial.proposal.ratio,
        "rung": decision.rung,
        "value_mm": trial.curve[step],
        "cutoff_mm": decision.cutoff,
        "rank": decision.rank,
        "peers": decision.peers,
        "action": decision.action,
        "reason": decision.reason,
    }
