"""The policy of a look at the test split: the last networks of every run, tested once.

Nothing is stored before all runs are tested: a look that is interrupted has not
happened.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnets.config import TrainConfig
from harness.definition.entrant import Entrant
from harness.definition.report import Report
from harness.definition.trial import Decision, Proposal
from harness.driver.deciding.policy import Policy
from harness.driver.recording.recorder import Recorder
from harness.driver.recording.tracked import Tracked, Watcher


CARRIED = ("entrant", "trial", "labelled_ratio", "labelled_frames", "final_seed")
"""Columns that a test's row has from the row of the run."""

ALSO = ("state", "reason", "validation_mm", "search_mm", "wall_time_s", "config_json")
"""More of them, which say nothing of a frame."""


class LookPolicy(Policy):
    """Tests a fixed list of runs."""

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        looks: Mapping[float, int],
        *,
        recorder: Recorder,
        watch: Watcher | None = None,
    ) -> None:
        """Test nothing yet.

        Args:
            rows: Rows of `finals` of runs that have ended with networks.
            looks: How often the test split is read then at each labelled ratio, from 1.
            recorder: Where the figures go.
            watch: Told of every event.
        """
        self._todo, self._looks = list(rows), looks
        self.wanted = len(rows)
        self._recorder, self._watch = recorder, watch
        self.runs: dict[str, Tracked] = {}
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._figures: list[dict[str, Any]] = []
        self._errors: list[tuple[dict[str, Any], np.ndarray]] = []

    @property
    def finished(self) -> bool:
        """Whether every run has its figures."""
        return len(self._figures) == self.wanted

    def propose(self) -> Proposal | None:
        """The next run, or None."""
        if not self._todo:
            return None
        row = self._todo.pop(0)
        config = TrainConfig.from_stored(json.loads(row["config_json"]))
        entrant = Entrant(
            name=row["entrant"], ratio=row["labelled_ratio"], config=config
        )
        proposal = Proposal(
            trial=entrant.run(row["final_seed"]),
            number=len(self.runs) + 1,
            ratio=entrant.ratio,
            values=config.flat(),
            origin="start",
            config=config,
        )
        run = self.runs[proposal.trial] = Tracked(proposal)
        self._rows[proposal.trial] = row
        self._tell(run)
        return proposal

    def report(self, trial: str, result: Mapping[str, Any]) -> Decision:
        """Keep the figures; a run whose networks were lost trains until it has some."""
        run, report = self.runs[trial], result["report"]
        assert isinstance(report, Report)
        if report.failure:
            self.crashed(trial, report.failure)
            return Decision(action="stop", state="crashed", reason=report.failure)
        run.state, run.stage = "running", "test"
        run.node, run.device = report.node, report.device
        if not report.last:
            self._tell(run)
            return Decision(action="continue")
        run.state = "completed"
        self._keep(run, report)
        self._tell(run)
        return Decision(action="stop", state="completed", reason="It is tested.")

    def retried(self, trial: str, message: str) -> bool:
        """A worker died; the run is tested elsewhere."""
        run = self.runs[trial]
        run.attempt, run.reason = run.attempt + 1, message
        self._tell(run)
        return True

    def crashed(self, trial: str, message: str) -> None:
        """A run has used up its retries; the look is not stored."""
        run = self.runs[trial]
        run.state, run.reason = "crashed", message
        self._tell(run)

    def store(self) -> None:
        """Store the figures of all runs, which are one look.

        Raises:
            ValueError: If a run has none.
        """
        if not self.finished:
            missing = self.wanted - len(self._figures)
            raise ValueError(f"`runs` must all be tested, {missing} are not.")
        for about, errors in self._errors:
            self._recorder.frames(_frames(about, errors))
        self._recorder.finals(self._figures)  # last: with them, the look has happened

    def _keep(self, run: Tracked, report: Report) -> None:
        row = self._rows[run.proposal.trial]
        errors_mm = report.test_errors_mm
        named = {name: row[name] for name in CARRIED}
        look = self._looks[run.proposal.ratio]
        made = {"attempt": run.attempt, "look": look, "split": "test"}
        if errors_mm is not None:
            about = {n: named[n] for n in ("entrant", "labelled_ratio", "final_seed")}
            self._errors.append((about | made, errors_mm))
        self._figures.append(
            {
                **named,
                **{name: row[name] for name in ALSO},
                **made,
                "epoch": report.step,
                "node": run.node,
                "device": run.device,
                **report.final,
            }
        )

    def _tell(self, run: Tracked) -> None:
        if self._watch is not None:
            self._watch(run, None)


def _frames(about: Mapping[str, Any], errors_mm: np.ndarray) -> list[dict[str, Any]]:
    """A row for each frame; one without a known joint has no mean."""
    rows = []
    for frame, joints in enumerate(errors_mm):
        known = joints[~np.isnan(joints)]
        mean = float(known.mean()) if len(known) else None
        cells = {"mean_joint_error_mm": mean, "per_joint_mm": joints.tolist()}
        rows.append({**about, "frame": frame, **cells})
    return rows
