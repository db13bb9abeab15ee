"""The policy of the finals: entrants over several seeds, in rounds, with a race.

A round of a labelled ratio is one seed of all its entrants. It begins when the round
before it has ended, and finalists that are clearly worse by then are dropped. So what
is dropped follows from the stored rows alone, whatever order the runs end in and
wherever they are interrupted. Validation errors decide; no run reads the test split.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from cnets.training.health import rules
from harness.definition.entrant import Entrant
from harness.definition.report import Report
from harness.definition.trial import Decision, Proposal
from harness.driver.deciding.policy import Policy
from harness.driver.recording.recorder import Recorder
from harness.driver.recording.tracked import Tracked, Watcher
from results.format import caps
from results.statistics import racing


Key = tuple[float, str, int]
"""Labelled ratio, entrant and seed."""


class FinalsPolicy(Policy):
    """Runs every entrant over the seeds, and stores how each run ended."""

    def __init__(
        self,
        entrants: Sequence[Entrant],
        seeds: Sequence[int],
        *,
        known: Iterable[Mapping[str, Any]],
        objective: str,
        frames: int,
        labels: Mapping[float, int],
        recorder: Recorder,
        watch: Watcher | None = None,
    ) -> None:
        """Take up what the store has.

        Args:
            entrants: Who takes part, in the order of the runs.
            seeds: A round each, in order.
            known: Rows of `finals` of runs that have ended; those that crashed are
                run again, unless their entrant was dropped since.
            objective: Validation figure that the race is about.
            frames: Frames of the validation split.
            labels: Labelled frames at each ratio.
            recorder: Where the end of each run goes.
            watch: Told of every event.
        """
        self._fields: dict[float, list[Entrant]] = {}
        for entrant in entrants:
            self._fields.setdefault(entrant.ratio, []).append(entrant)
        self._seeds, self._objective = tuple(seeds), objective
        self._frames, self._labels = frames, labels
        self._recorder, self._watch = recorder, watch
        self.runs: dict[str, Tracked] = {}
        self._keys: dict[str, tuple[Entrant, int]] = {}
        self._states: dict[Key, str] = {}
        self._errors: dict[Key, float] = {}
        rows = list(known)
        self._out: dict[tuple[float, str], str] = {
            (row["labelled_ratio"], row["entrant"]): row["reason"]
            for row in rows
            if row["state"] == "dropped"
        }
        """Why an entrant was dropped, by ratio and name."""
        for row in rows:
            name = row["labelled_ratio"], row["entrant"]
            if row["state"] != "crashed" or name in self._out:
                key = (*name, row["final_seed"])
                self._states[key] = row["state"]
                self._errors[key] = _number(row["validation_mm"])

    @property
    def wanted(self) -> int:
        """Runs that are to end from now on, and those that have since the start."""
        return len(self.runs) + sum(
            (entrant.ratio, entrant.name, seed) not in self._states
            and entrant.run(seed) not in self.runs
            for field in self._fields.values()
            for entrant in field
            for seed in self._seeds
        )

    @property
    def finished(self) -> bool:
        """Whether every run has ended, was dropped or has used up its retries."""
        still_open = any(run.open for run in self.runs.values())
        return not still_open and self.wanted == len(self.runs)

    def propose(self) -> Proposal | None:
        """A run of the ratio that is furthest behind; None if none can begin now."""
        ready = {ratio: self._ready(ratio) for ratio in self._fields}
        rounds = {ratio: found for ratio, found in ready.items() if found is not None}
        if not rounds:
            return None
        ratio = min(rounds, key=lambda ratio: self._seeds.index(rounds[ratio][1]))
        entrant, seed = rounds[ratio]
        config = entrant.seeded(seed)
        proposal = Proposal(
            trial=entrant.run(seed),
            number=len(self.runs) + 1,
            ratio=ratio,
            values=config.flat(),
            origin="start" if entrant.is_fixed else "random",
            config=config,
        )
        run = self.runs[proposal.trial] = Tracked(proposal)
        self._keys[proposal.trial] = entrant, seed
        self._tell(run, None)
        return proposal

    def report(self, trial: str, result: Mapping[str, Any]) -> Decision:
        """Go on to the last epoch, or to the first figure that is none."""
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
        end = _end(report)
        if end is not None:
            self._ended(trial, *end, report)
        self._tell(run, report)
        if end is None:
            return Decision(action="continue")
        return Decision(action="stop", state=end[0], reason=end[1])

    def retried(self, trial: str, message: str) -> bool:
        """A worker died; the run goes on from its checkpoint."""
        run = self.runs[trial]
        run.attempt, run.reason = run.attempt + 1, message
        self._tell(run, None)
        return True

    def crashed(self, trial: str, message: str) -> None:
        """A run has used up its retries; the next call tries it again."""
        self._ended(trial, "crashed", message, None)
        self._tell(self.runs[trial], None)

    def _ready(self, ratio: float) -> tuple[Entrant, int] | None:
        """The next run of a ratio, after those that the race drops now."""
        field = self._fields[ratio]
        for place, seed in enumerate(self._seeds):
            left = [e for e in field if (ratio, e.name, seed) not in self._states]
            fresh = [e for e in left if e.run(seed) not in self.runs]
            if fresh:
                self._race(field, self._seeds[:place])
            for entrant in fresh:
                if (ratio, entrant.name) not in self._out:
                    return entrant, seed
                self._drop(entrant, seed)
            if len(left) > len(fresh):
                return None  # the next round waits for the runs of this one
        return None

    def _race(self, field: Sequence[Entrant], seeds: Sequence[int]) -> None:
        """Note who is clearly worse than whom after some rounds of a ratio."""
        errors: dict[str, dict[int, float]] = {}
        for entrant in field:
            keys = {seed: (entrant.ratio, entrant.name, seed) for seed in seeds}
            found = {
                seed: self._errors.get(key, math.nan) for seed, key in keys.items()
            }
            errors[entrant.name] = {s: e for s, e in found.items() if math.isfinite(e)}
        worse = racing.dropped(errors, seeds=len(self._seeds))
        for entrant in field:
            if entrant.name in worse and not entrant.is_fixed:
                rival = worse[entrant.name]
                reason = f"Clearly worse than {rival} after {len(seeds)} seeds."
                self._out.setdefault((entrant.ratio, entrant.name), reason)

    def _drop(self, entrant: Entrant, seed: int) -> None:
        """Store that an entrant does not run under a seed any more."""
        reason = self._out[entrant.ratio, entrant.name]
        self._states[entrant.ratio, entrant.name, seed] = "dropped"
        self._recorder.finals([self._row(entrant, seed, "dropped", reason)])

    def _ended(
        self, trial: str, state: str, reason: str, report: Report | None
    ) -> None:
        """Store how a run ended."""
        run, (entrant, seed) = self.runs[trial], self._keys[trial]
        run.state, run.reason = state, reason
        row = self._row(entrant, seed, state, reason) | {
            "attempt": run.attempt,
            "wall_time_s": run.wall_time_s,
            "node": run.node,
            "device": run.device,
        }
        if report is not None:
            figures = report.metrics if state != "diverged" else {}
            value = figures.get(self._objective, math.nan)
            self._errors[entrant.ratio, entrant.name, seed] = value
            row |= {"epoch": report.step, **figures, "validation_mm": value}
            row["frames"] = self._frames if figures else 0
        self._states[entrant.ratio, entrant.name, seed] = state
        self._recorder.finals([row])

    def _row(
        self, entrant: Entrant, seed: int, state: str, reason: str
    ) -> dict[str, Any]:
        """What a row of `finals` says before the test split is read: look 0."""
        return {
            "attempt": 1,
            "entrant": entrant.name,
            "trial": entrant.trial,
            "labelled_ratio": entrant.ratio,
            "labelled_frames": self._labels.get(entrant.ratio),
            "final_seed": seed,
            "look": 0,
            "state": state,
            "reason": caps.cut(reason),
            "split": "validation",
            "frames": 0,
            "search_mm": entrant.search_mm,
            "config_json": json.dumps(entrant.seeded(seed).flat()),
        }

    def _tell(self, run: Tracked, report: Report | None) -> None:
        if self._watch is not None:
            self._watch(run, report)


def _end(
    report: Report,
) -> tuple[Literal["completed", "collapsed", "diverged"], str] | None:
    """How a report ends its run, and why; None if the run goes on.

    Only the last epoch tells of a collapse: an earlier one may be over by then, and a
    run that was taken up after it does not hear of it again.
    """
    found = rules.not_finite(report.terms | report.metrics)
    if found is None and report.last:
        found = report.finding
    if found is not None:
        place = f"epoch {report.epoch} of stage {report.stage}"
        return found.state, f"{found.reason} after {place}."
    return ("completed", "") if report.last else None


def _number(value: float | None) -> float:
    return math.nan if value is None else value
