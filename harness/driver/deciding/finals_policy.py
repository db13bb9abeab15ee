"""The policy of the finals: a fixed list of runs, each to its end, and their figures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnets.config import TrainConfig
from harness.definition.report import Report
from harness.definition.trial import Decision, Proposal
from harness.driver.deciding.policy import Policy
from harness.driver.recording.recorder import Recorder
from harness.driver.recording.tracked import Tracked, Watcher


@dataclass(frozen=True)
class Entry:
    """One trial of the search and one of its final seeds."""

    row: Mapping[str, Any]
    seed: int

    @property
    def name(self) -> str:
        """Name of the run."""
        return f"{self.row['trial']}-s{self.seed}"


class FinalsPolicy(Policy):
    """Runs a fixed list to its end and stores each one's figures."""

    def __init__(
        self,
        entries: Sequence[Entry],
        objective: str,
        recorder: Recorder,
        watch: Watcher | None = None,
    ) -> None:
        """Run the entries in order; nothing is stopped early.

        Args:
            entries: The runs.
            objective: Validation figure that is shown meanwhile.
            recorder: Where the figures of each run go.
            watch: Told of every event.
        """
        self._entries = {entry.name: entry for entry in entries}
        self._todo = list(entries)
        self.wanted = len(entries)
        self._objective, self._recorder = objective, recorder
        self.runs: dict[str, Tracked] = {}
        self._watch = watch

    def propose(self) -> Proposal | None:
        """The next run, or None."""
        if not self._todo:
            return None
        entry = self._todo.pop(0)
        seeds = {"seed": entry.seed, "label_seed": entry.seed}
        stored = TrainConfig.from_stored(json.loads(entry.row["config_json"]))
        config = stored.replace(seeds)
        proposal = Proposal(
            trial=entry.name,
            number=len(self.runs) + 1,
            ratio=entry.row["labelled_ratio"],
            values=config.flat(),
            origin=entry.row["origin"],
            config=config,
        )
        run = self.runs[entry.name] = Tracked(proposal)
        self._tell(run, None)
        return proposal

    def report(self, trial: str, result: Mapping[str, Any]) -> Decision:
        """Go on to the last epoch, then store the figures on the test split."""
        run, report = self.runs[trial], result["report"]
        assert isinstance(report, Report)
        if report.failure:
            self.crashed(trial, report.failure)
            return Decision(action="stop", state="crashed", reason=report.failure)
        run.state = "running"
        run.reason = " ".join(report.notes) or run.reason
        run.stage = f"{report.stage} {report.epoch}/{report.epochs}"
        run.wall_time_s += report.seconds
        run.node, run.device = report.node, report.device
        if report.stage == "joint":
            run.curve[report.step] = report.metrics[self._objective]
        if report.last:
            run.state = "completed"
            row = _row(self._entries[trial], run, report)
            validation_mm = report.metrics[self._objective]
            self._recorder.final(row | {"validation_mm": validation_mm})
        self._tell(run, report)
        if report.last:
            reason = "All epochs are done."
            return Decision(action="stop", state="completed", reason=reason)
        return Decision(action="continue")

    def retried(self, trial: str, message: str) -> bool:
        """A worker died; the run goes on from its checkpoint."""
        run = self.runs[trial]
        run.attempt, run.reason = run.attempt + 1, message
        self._tell(run, None)
        return True

    def crashed(self, trial: str, message: str) -> None:
        """A run has used up its retries; it has no figures."""
        run = self.runs[trial]
        run.state, run.reason = "crashed", message
        self._tell(run, None)

    def _tell(self, run: Tracked, report: Report | None) -> None:
        if self._watch is not None:
            self._watch(run, report)


def _row(entry: Entry, run: Tracked, report: Report) -> dict[str, Any]:
    as_long = entry.row["epoch"] == report.step  # else its score is no fair forecast
    return {
        "attempt": run.attempt,
        "entrant": entry.row["trial"],
        "trial": entry.row["trial"],
        "labelled_ratio": entry.row["labelled_ratio"],
        "final_seed": entry.seed,
        "look": 1,
        "state": run.state,
        "reason": "",
        "epoch": report.step,
        "split": "test",
        "search_mm": entry.row["objective_mm"] if as_long else None,
        "wall_time_s": run.wall_time_s,
        "config_json": json.dumps(run.proposal.config.flat()),
        "node": run.node,
        "device": run.device,
        **report.final,
    }
