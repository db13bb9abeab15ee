"""The policy of a search: what its decider decides, and the log of it.

It knows no Ray. Everything that is decided follows from the space, the seed and the
rows of the store, so a search is rebuilt from the store alone: its decider is told the
stored facts again, in their order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnets.config import TrainConfig
from cnets.training.health import rules
from harness.definition import spaces
from harness.definition.report import Report
from harness.definition.trial import Decision, Proposal, Sample
from harness.driver.deciding.policy import Policy
from harness.driver.deciding.rules import Decider, Promotion
from harness.driver.deciding.time_budget import TimeBudget
from harness.driver.recording.recorder import Recorder
from harness.driver.recording.tracked import Tracked, Watcher
from results import check_name
from search_spaces import Space


class SearchPolicy(Policy):
    """A decider with the log of a search."""

    def __init__(
        self,
        *,
        space: Space,
        ratios: Sequence[float],
        seed: int,
        base: TrainConfig,
        decider: Decider,
        objective: str,
        recorder: Recorder,
        watch: Watcher,
        time_budget: TimeBudget | None = None,
    ) -> None:
        """Start with an empty log.

        Args:
            space: What may vary.
            ratios: Labelled ratios.
            seed: Seed of every run.
            base: What a proposal changes.
            decider: Decides; told nothing so far.
            objective: Validation figure that is minimised.
            recorder: Where every event goes.
            watch: Told of every event, after it is stored.
            time_budget: Hours that become a number of epochs; None has no clock.
        """
        self.space, self.ratios, self.seed = space, tuple(ratios), seed
        self.base, self.objective, self.decider = base, objective, decider
        self.trials: dict[str, Tracked] = {}
        self._recorder, self._watch = recorder, watch
        self._time = time_budget
        self._again: list[Tracked] = []

    @property
    def wanted(self) -> int | None:
        """Most trials that are proposed; None has a budget alone."""
        return self.decider.wanted

    def want(self, trials: int) -> None:
        """Set how many that are."""
        self.decider.want(trials)

    def restore(
        self,
        trials: Sequence[Mapping[str, Any]],
        events: Sequence[Mapping[str, Any]],
        reports: Sequence[Mapping[str, Any]],
        decisions: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Take up what the store holds; trials without an end will run again.

        Args:
            trials: The newest row of each trial, with its parameters.
            events: Every row of them, also those that were followed by others.
            reports: Every row of them, also those that came again later.
            decisions: Every row of them; those of a budget count.
        """
        for row in sorted(trials, key=lambda row: row["number"]):
            check_name("trial", row["trial"])  # paths are made of it
            trial = self._tracked(self._reread(row))
            is_its = row["event"] not in ("stage", "promoted")  # what ails the trial
            trial.state, trial.reason = row["state"], row["reason"] if is_its else ""
            trial.attempt = row["attempt"]
            trial.wall_time_s = row["wall_time_s"] or 0.0
        budgets = [row for row in decisions if row["action"] == "budget"]
        for row in sorted([*events, *reports, *budgets], key=_place):
            trial = self.trials[row["trial"]]
            if "action" in row:
                if self._time is not None:
                    self.decider.budget_epochs = row["budget_epochs"]
            elif "event" not in row:
                trial.curve[row["epoch"]] = row["objective_mm"]
                self.decider.reported(row["trial"], row["epoch"], row["objective_mm"])
            elif row["event"] == "proposed":
                self.decider.proposed(trial.proposal)
            elif row["event"] in ("paused", "promoted", "ended"):
                self.decider.became(row["trial"], row["state"])
        self._again = [trial for trial in self.trials.values() if trial.open]
        if self._time is not None:
            self._time.restored(len(budgets))

    def propose(self) -> Proposal | None:
        """A trial that was interrupted, one that waits, or a new one.

        Returns:
            A trial to run from its newest checkpoint or from the start; None if
            there is none now. If others run there may be one after a report.
        """
        while self._again:
            trial = self._again.pop(0)
            if not trial.open:  # cancelled meanwhile
                continue
            trial.attempt += 1
            self._recorder.event(trial, "resumed")
            self._watch(trial, None)
            return _taken_up(trial)
        chosen = self.decider.next()
        if chosen is None:
            return None
        if isinstance(chosen, Promotion):
            return self._promoted(chosen)
        trial = self._tracked(chosen)
        self._recorder.event(trial, "proposed")
        self.decider.proposed(trial.proposal)
        self._watch(trial, None)
        return trial.proposal

    def _promoted(self, promotion: Promotion) -> Proposal:
        """A trial that waited goes on; why is durable when this returns."""
        trial = self.trials[promotion.trial]
        trial.state, trial.reason = "running", promotion.decision.reason
        self._recorder.promoted(trial, promotion.decision)
        trial.reason = ""
        self.decider.became(promotion.trial, trial.state)
        self._watch(trial, None)
        return _taken_up(trial)

    def report(self, trial: str, result: Mapping[str, Any]) -> Decision:
        """Store an epoch, and those that came along with it, as one group of rows.

        Returns:
            Whether the trial goes on, ends, or waits: then its worker publishes
            the checkpoint of this epoch, as `propose` may give it again. Its rows
            are durable by then.
        """
        tracked, report = self.trials[trial], result["report"]
        assert isinstance(report, Report)
        if tracked.state == "cancelled":  # its end is stored already
            self._watch(tracked, None)  # checkpoints that came later go as well
            return Decision(action="stop", state="cancelled", reason=tracked.reason)
        early = result.get("before", [])
        if report.failure:
            if early:
                self.report(trial, {"report": early[-1], "before": early[:-1]})
            self.crashed(trial, report.failure)
            return Decision(action="stop", state="crashed", reason=report.failure)
        with self._recorder.together():
            newest, *later = (*early, report)
            decision = self._epoch(tracked, newest)
            while later and decision.action == "continue":
                self._watch(tracked, newest)
                newest = later.pop(0)
                decision = self._epoch(tracked, newest)
        self._watch(tracked, newest)
        if isinstance(result, dict):  # Ray Tune keeps it; pictures are not needed
            result["report"] = replace(report, pictures=None)
        return decision

    def _epoch(self, tracked: Tracked, report: Report) -> Decision:
        """Record one epoch of a trial."""
        started = tracked.state == "pending"
        tracked.state = "running"
        tracked.node, tracked.device = report.node, report.device
        self._note(tracked, report)
        due = None if self._time is None else self._time.due(self.decider.spent_epochs)
        if due is not None:
            self.decider.budget_epochs, reason = due
            self._recorder.budget(tracked, self.decider.budget_epochs, reason)
        tracked.terms |= report.terms_so_far | report.terms
        tracked.wall_time_s += report.seconds
        tracked.stage = f"{report.stage} {report.epoch}/{report.epochs}"
        if report.stage == "joint":
            return self._joint(tracked, report, started=started)
        return self._before(tracked, report, started=started)

    def retried(self, trial: str, message: str) -> bool:
        """A worker died; the trial goes on elsewhere from its checkpoint."""
        tracked = self.trials[trial]
        if tracked.state == "cancelled":
            return False
        tracked.attempt += 1
        tracked.reason = message
        self._recorder.event(tracked, "retried")
        self._watch(tracked, None)
        return True

    def crashed(self, trial: str, message: str) -> None:
        """A trial has used up its retries."""
        if self.trials[trial].state != "cancelled":
            self._give_up(trial, "crashed", message)

    def cancel(self, trial: str, reason: str) -> bool:
        """End a trial by a person's wish; its next report is answered with a stop.

        Its end is durable when this returns, so that no other driver resumes it.

        Args:
            trial: Name of a trial.
            reason: One sentence.

        Returns:
            Whether it had not ended.
        """
        if not self.trials[trial].open and self.trials[trial].state != "paused":
            return False
        self._give_up(trial, "cancelled", reason)
        return True

    def _give_up(self, trial: str, state: str, reason: str) -> None:
        tracked = self.trials[trial]
        tracked.state, tracked.reason = state, reason
        self.decider.became(trial, state)
        self._recorder.event(tracked, "ended")
        self._watch(tracked, None)

    @property
    def total(self) -> int:
        """How many trials there will be, as far as that is known."""
        return max(self.decider.total, len(self.trials))

    @property
    def is_exhausted(self) -> bool:
        """Whether more trials are wanted than the space has configurations."""
        return self.decider.is_exhausted

    @property
    def finished(self) -> bool:
        """Whether nothing runs and nothing is left to do; trials may wait."""
        running = any(trial.open for trial in self.trials.values())
        return not running and self.decider.next() is None

    def _note(self, trial: Tracked, report: Report) -> None:
        """Record what a report tells besides its figures: trouble, and who paid."""
        amiss = report.restored
        thrown_back = trial.curve and report.stage != "joint"
        if thrown_back and not amiss and trial.thrown_back != trial.attempt:
            trial.thrown_back = trial.attempt
            where = f"{report.stage} epoch {report.epoch - 1}"
            amiss = (
                f"No checkpoint of the joint stage was found, the run goes on from {where}.",
            )
        noted = (("checkpoint_damaged", amiss), ("checkpoint_failed", report.unsaved))
        for event, sentences in noted:
            for trial.reason in sentences:
                self._recorder.event(trial, event)
        before = trial.reason
        for trial.reason in report.paid:  # who paid for a pre-training
            self._recorder.event(trial, "stage")
        trial.reason = before

    def _joint(self, trial: Tracked, report: Report, *, started: bool) -> Decision:
        """A report of the joint stage: rungs, end, and rules of health."""
        step, value = report.step, report.metrics[self.objective]
        trial.curve[step] = value
        name = trial.proposal.trial
        self.decider.reported(name, step, value)
        decision = _unhealthy(report) or self.decider.verdict(name)
        event = "started" if started else None
        if decision.action != "continue":
            self._end(trial, decision)
            event = "ended" if decision.action == "stop" else "paused"
        self._recorder.reported(trial, report, decision, event)
        return decision

    def _before(self, trial: Tracked, report: Report, *, started: bool) -> Decision:
        """A report of an earlier stage: only its end and its failure are events."""
        decision = _unhealthy(report)
        if decision is None and self.decider.is_over(trial.proposal.ratio):
            reason = "The budget is spent."
            decision = Decision(action="stop", state="cancelled", reason=reason)
        if decision is not None:
            self._end(trial, decision)
            self._recorder.event(trial, "ended")
            return decision
        if started:
            self._recorder.event(trial, "started")
        elif report.epoch == report.epochs and not _said(report):
            self._recorder.event(trial, "stage")
        return Decision(action="continue", reason=f"Stage {report.stage} goes on.")

    def _end(self, trial: Tracked, decision: Decision) -> None:
        assert decision.state is not None
        trial.state, trial.reason = decision.state, decision.reason
        self.decider.became(trial.proposal.trial, decision.state)

    def _tracked(self, sample: Sample) -> Tracked:
        """A trial of this search from now on, with what it is to train."""
        seeds = {"seed": self.seed, "label_seed": self.seed}
        config = self.base.replace({**sample.values, **seeds})
        proposal = Proposal(**vars(sample), config=config)
        trial = self.trials[proposal.trial] = Tracked(proposal)
        return trial

    def _reread(self, row: Mapping[str, Any]) -> Sample:
        """The sample that a row of `trials` came from."""
        names = self.space.parameters
        values = {n: row[n] for n in names if n != spaces.RATIO}
        return Sample(
            trial=row["trial"],
            number=row["number"],
            ratio=row["labelled_ratio"],
            values=values | {spaces.RATIO: row["labelled_ratio"]},
            origin=row["origin"],
            expected_score=row["expected_score"],
            expected_score_std=row["expected_score_std"],
        )


def _place(row: Mapping[str, Any]) -> tuple[int, int]:
    """Where a row stands in the order in which everything was decided."""
    return row["driver_epoch"], row["seq"]


def _taken_up(trial: Tracked) -> Proposal:
    """A trial that goes on where the store knows it to be."""
    return replace(trial.proposal, reported=trial.step or 0)


def _unhealthy(report: Report) -> Decision | None:
    """The end of a trial that a rule of health has fired on; None for no rule."""
    finding = rules.not_finite(report.terms | report.metrics) or report.finding
    if finding is None:
        return None
    reason = f"{finding.reason} after epoch {report.epoch} of stage {report.stage}."
    return Decision(action="stop", state=finding.state, reason=reason)


def _said(report: Report) -> bool:
    """Whether the end of the report's stage is an event already."""
    return any(note.startswith(f"{report.stage} ") for note in report.paid)
