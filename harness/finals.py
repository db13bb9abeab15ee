"""The finals: the best trials again, at full length, over several seeds.

A search's own score is the best of many and therefore optimistic. Here the top
trials of every labelled ratio are trained with fresh seeds, the same seeds for
all of them, and judged once on the test split, which the search never saw.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from cnets.config import TrainConfig
from harness.cluster.connection import connected
from harness.cluster.tune_run import run_policy
from harness.definition import data_choice, provenance
from harness.definition.job import STAGES, Plan
from harness.definition.report import Report
from harness.definition.trial import Decision, Proposal
from harness.driver.deciding.policy import Policy
from harness.driver.display.live import Live
from harness.driver.patience import Patient
from harness.driver.recording.patient_writer import PatientWriter
from harness.driver.recording.recorder import Recorder
from harness.driver.recording.tracked import Tracked
from harness.driver.signals import Shielded, caught
from harness.worker import initial_model
from harness.worker.process_bank import same_data
from harness.worker.runner import Runner
from harness.worker.train_runner import TrainRunner
from results import Header, Store, Writer, queries, statistics


@dataclass(frozen=True, kw_only=True)
class Finals:
    """How a rerun ended."""

    table: pa.Table
    """One row a trial: its error on the test split over the seeds."""
    finished: bool
    """Whether every run has its figures; False after an interruption."""
    crashed: int
    """Runs that used up their retries."""


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
        live: Live | None = None,
    ) -> None:
        """Run the entries in order; nothing is stopped early."""
        self._entries = {entry.name: entry for entry in entries}
        self._todo = list(entries)
        self.wanted = len(entries)
        self._objective, self._recorder = objective, recorder
        self.runs: dict[str, Tracked] = {}
        self._live = live

    def propose(self) -> Proposal | None:
        """The next run, or None."""
        if not self._todo:
            return None
        entry = self._todo.pop(0)
        seeds = {"seed": entry.seed, "label_seed": entry.seed}
        values = json.loads(entry.row["config_json"]) | seeds
        proposal = Proposal(
            trial=entry.name,
            number=len(self.runs) + 1,
            ratio=entry.row["labelled_ratio"],
            values=values,
            origin=entry.row["origin"],
        )
        config = TrainConfig().replace(values)
        self.runs[entry.name] = Tracked(proposal, config)
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
        if report.stage == "joint":
            run.curve[report.step] = report.metrics[self._objective]
        if report.last:
            run.state = "completed"
            self._recorder.final(_row(self._entries[trial], run, report))
        self._tell(run, report)
        if report.last:
            reason = "All epochs are done."
            return Decision(action="stop", state="completed", reason=reason)
        return Decision(action="continue")

    def retried(self, trial: str, message: str) -> None:
        """A worker died; the run goes on from its checkpoint."""
        self.runs[trial].attempt += 1
        self.runs[trial].reason = message

    def crashed(self, trial: str, message: str) -> None:
        """A run has used up its retries; it has no figures."""
        run = self.runs[trial]
        run.state, run.reason = "crashed", message
        self._tell(run, None)

    def _tell(self, run: Tracked, report: Report | None) -> None:
        if self._live is not None:
            self._live(run, report)


def rerun(
    name: str,
    *,
    top: int = 1,
    seeds: int = 3,
    store: str | Path = "runs",
    address: str | None = None,
    concurrency: int | None = None,
    retries: int = 2,
    device: str = "auto",
    takeover: bool = False,
    runner: type[Runner] = TrainRunner,
) -> Finals:
    """Train the best trials of each ratio again and judge them on the test split.

    Runs whose figures the store has already are not repeated.

    Args:
        name: Name of the search.
        top: Trials of each labelled ratio.
        seeds: Fresh seeds of each; the same for all.
        store: Folder of the store.
        address: Ray cluster; see `harness.search`.
        concurrency: Most runs at once; default: one a core, or one a GPU.
        retries: How often a run that crashes goes on.
        device: `cpu`, `cuda` or `auto`.
        takeover: Whether to go on though another process drives the search.
        runner: What trains a job.

    Raises:
        ValueError: If an argument is wrong or the search has no trial to rerun.
        StorageError: If the store cannot be read or written.
    """
    for argument, value in {"top": top, "seeds": seeds}.items():
        if not value >= 1:
            raise ValueError(f"`{argument}` must be 1 or more, got {value}.")
    opened = Store.open(store)
    header = opened.header(name)
    entries = _entries(opened, header, top, seeds)
    done = queries.read(opened, "finals", name).to_pylist()
    known = {(row["trial"], row["final_seed"]) for row in done}
    todo = [e for e in entries if (e.row["trial"], e.seed) not in known]
    ends: list[str] = []
    if todo:
        same_data(data_choice.of_header(opened, header), header.data_fingerprint)
        initial_model.same(header)
        with (
            opened.writer(name, takeover=takeover) as writer,
            connected(address, concurrency) as (slots, gpu),
        ):
            chosen = ("cuda" if gpu else "cpu") if device == "auto" else device
            plan = _plan(opened, header, chosen)
            ends = _run(todo, writer, plan, runner, header, slots, retries)
    crashed = ends.count("crashed")
    finished = ends.count("completed") + crashed == len(todo)
    table = summary(opened, name, {e.row["trial"] for e in entries})
    return Finals(table=table, finished=finished, crashed=crashed)


def _run(
    todo: Sequence[Entry],
    writer: Writer,
    plan: Plan,
    runner: type[Runner],
    header: Header,
    slots: int,
    retries: int,
) -> list[str]:
    """Run the finals and show them; returns how each run ended."""
    name = header.name
    live = Live(
        f"{name}, finals",
        lambda: policy.runs,
        wanted=len(todo),
        slots=slots,
        ratios=header.ratios,
    )
    with caught() as signals:
        rows = PatientWriter(writer, live.say, signals.sleep)
        recorder = Recorder(rows, header.space["name"], provenance.code_version())
        policy = FinalsPolicy(todo, header.rules["objective"], recorder, live)
        patient = Patient(policy, writer, live.say, signals.sleep)
        with live:
            run_policy(
                Shielded(patient, signals),
                plan,
                runner,
                name,
                slots=slots,
                retries=retries,
            )
    return [run.state for run in policy.runs.values()]


def summary(store: Store, name: str, trials: set[str] | None = None) -> pa.Table:
    """The finals of a search: one row a trial, in the order of ratio and error.

    Args:
        store: The store.
        name: Name of the search.
        trials: Only these; None for all that have finals.

    Returns:
        Mean, standard deviation and 95 % interval of the test error over the
        seeds, with the baseline of always predicting the mean pose, and how
        much the search's score was too good (`optimism_mm`: mean validation
        error of the reruns minus the search's).
    """
    groups: dict[tuple[float, str], list[Mapping[str, Any]]] = {}
    for row in queries.read(store, "finals", name).to_pylist():
        if trials is None or row["trial"] in trials:
            groups.setdefault((row["labelled_ratio"], row["trial"]), []).append(row)
    rows = [_summary(ratio, trial, runs) for (ratio, trial), runs in groups.items()]
    rows.sort(key=lambda row: (row["labelled_ratio"], _last(row["test_mean_mm"])))
    return pa.Table.from_pylist(rows, schema=SUMMARY)


SUMMARY = pa.schema(
    [
        ("labelled_ratio", pa.float64()),
        ("trial", pa.string()),
        ("seeds", pa.int64()),
        ("diverged", pa.int64()),
        ("test_mean_mm", pa.float64()),
        ("test_std_mm", pa.float64()),
        ("low_95_mm", pa.float64()),
        ("high_95_mm", pa.float64()),
        ("mean_pose_mm", pa.float64()),
        ("frames_within_40mm", pa.float64()),
        ("search_mm", pa.float64()),
        ("optimism_mm", pa.float64()),
    ]
)
"""Columns of `summary`."""


def _summary(
    ratio: float, trial: str, runs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    sound = [run for run in runs if math.isfinite(run["mean_joint_error_mm"])]
    row: dict[str, Any] = {
        "labelled_ratio": ratio,
        "trial": trial,
        "seeds": len(runs),
        "diverged": len(runs) - len(sound),
        "search_mm": runs[0]["search_mm"],
    }
    if not sound:
        return row
    test = statistics.summary([run["mean_joint_error_mm"] for run in sound])
    validation = statistics.summary([run["validation_mm"] for run in sound])
    within = statistics.summary([run["frames_within_40mm"] for run in sound])
    baseline = statistics.summary([run["mean_pose_mm"] for run in sound])
    return row | {
        "test_mean_mm": test.mean,
        "test_std_mm": test.deviation,
        "low_95_mm": test.low,
        "high_95_mm": test.high,
        "mean_pose_mm": baseline.mean,
        "frames_within_40mm": within.mean,
        "optimism_mm": validation.mean - runs[0]["search_mm"],
    }


def _entries(store: Store, header: Header, top: int, seeds: int) -> list[Entry]:
    """Every run of the finals, seed by seed, so that an early end is balanced."""
    trials = queries.read(store, "trials", header.name)
    best = queries.best(trials, top=top).to_pylist()
    if not best:
        raise ValueError(
            f"`name` must be a search with a finite result, got `{header.name}`, "
            "which has none yet."
        )
    fresh = range(header.seed + 1, header.seed + 1 + seeds)
    return [Entry(row, seed) for seed in fresh for row in best]


def _plan(store: Store, header: Header, device: str) -> Plan:
    root = store.storage.root
    assert root is not None  # a search runs on local stores only
    return Plan(
        base=TrainConfig().replace(header.base_config),
        data=data_choice.of_header(store, header),
        checkpoints=str(root / "checkpoints" / header.name),
        test=True,
        device=device,
        init=initial_model.of_header(header),
        search=header.name,
        stages=str(root / STAGES),
    )


def _row(entry: Entry, run: Tracked, report: Report) -> dict[str, Any]:
    return {
        "attempt": run.attempt,
        "trial": entry.row["trial"],
        "labelled_ratio": entry.row["labelled_ratio"],
        "final_seed": entry.seed,
        "split": "test",
        "search_mm": entry.row["objective_mm"],
        "wall_time_s": run.wall_time_s,
        "config_json": json.dumps(run.config.flat()),
        **report.final,
    }


def _last(value: float | None) -> float:
    return math.inf if value is None else value
