"""What a search costs beside its training: trials that report and train nothing.

Our side is `harness.search` as it is, with a runner that returns at once: recorder,
journal with fsync, TensorBoard, retention, all on. The peer is stock Ray Tune with
`OptunaSearch`, `ASHAScheduler`, the loggers it has as shipped and the same trainable:
its driver and its workers load what ours load. Both run in processes of their own,
the peer before and after us. Neither stops a trial early: all report equally often.

What a further trial costs counts from the first report to the last. The time to the
first is the ramp-up; `every_slot_s` is that until as many workers as slots have
reported, `few_trials_s` that until ten trials have ended. The time from the last
report to the end of the command is the wind-down; `seconds_a_trial` is all but the
ramp-up, over the trials. The parts of our own driver are timed without Ray, the last
trials of 200 and of 1,000, to show what grows with a search.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

from cnets import presets
from cnets.config import TrainConfig
from crossnets import SearchOptions, search
from harness.cluster.trainable import Trial
from harness.commands import cli
from harness.definition.data_choice import DataChoice
from harness.definition.job import Plan
from harness.definition.report import Report
from harness.definition.rungs import Rungs
from harness.definition.spaces import ratios_of
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.deciding.stopping import StoppingDecider
from harness.driver.display.tensorboard import Board
from harness.driver.recording.recorder import Recorder
from harness.driver.recording.retention import Retention
from harness.driver.recording.tracked import Tracked
from harness.worker.runner import Runner
from results import Header, Store, Writer, queries
from results.format import schema
from search_spaces import SPACES


SPACE, OBJECTIVE = "joint", "mean_joint_error_mm"
WINDOW = 40
"""Trials over which the parts are averaged."""

FEW = 10
"""Trials of a short search."""

Told = tuple[float, str, str]
"""A report of either side: when, the worker's process, the trial."""


class Empty(Runner):
    """A run whose epochs take no time; its error falls from step to step."""

    step = 0

    def advance(self) -> Report:
        """The next epoch."""
        self.step += 1
        return report(self.job.trial, self.step, self.job.config.joint.epochs)

    def advance_unseen(self) -> Report:
        """As in a run of `TrainRunner` between its checkpoints."""
        return self.advance()


def report(trial: str, step: int, epochs: int) -> Report:
    """A report that fills every column which a real one fills."""
    level = int(hashlib.sha256(trial.encode()).hexdigest()[:8], 16) / 2**32
    error = 20 + 10 * level + 1 / step
    errors = ("mean_joint_error_mm", "median_joint_error_mm", "worst_joint_error_mm")
    near = ("frames_within_20mm", "frames_within_40mm")
    return Report(
        stage="joint",
        epoch=step,
        epochs=epochs,
        step=step,
        last=step == epochs,
        terms=dict.fromkeys(schema.LOSS_TERMS, 0.5),
        metrics={**dict.fromkeys(errors, error), **dict.fromkeys(near, 0.5)},
        health=dict.fromkeys(schema.HEALTH_FIGURES, 0.5),
        seconds=0.001,
        node=str(os.getpid()),
    )


def ours(folder: Path, *, trials: int, reports: int, slots: int) -> None:
    """Run our side; the rows of the store say when."""
    options = SearchOptions(
        data="synthetic:200",
        preset="tiny",
        space=SPACE,
        trials=trials,
        concurrency=slots,
        grace=reports,
        set=(f"joint.epochs={reports}",),
    )
    found = search("overhead", options, store=folder, runner=Empty)
    assert found.states == {"completed": trials}


class Stock(Trial):
    """Our trainable as stock Tune wants it: figures, and a mark at its end."""

    def setup(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, config: dict[str, Any], *, base: TrainConfig, plan: Plan
    ) -> None:
        """Keep what all trials have in common."""
        self._base = base
        super().setup(config, runner=Empty, plan=plan)

    def reset_config(self, new_config: dict[str, Any]) -> bool:  # noqa: ARG002
        """The parameters change nothing here."""
        own = {"trial": f"t-{self.trial_id}", "config": self._base}
        return super().reset_config(own)

    def step(self) -> dict[str, Any]:
        """The figures of a report."""
        told = super().step()["report"]
        figures = told.terms | told.health | {"error_mm": told.metrics[OBJECTIVE]}
        return figures | {"done": told.last, "at_s": time.time()}


def theirs(folder: Path, *, trials: int, reports: int, slots: int) -> None:
    """Run the peer; its files say when."""
    ray.init(address="local", num_cpus=slots, include_dashboard=False)
    base = presets.preset("tiny").replace({"joint.epochs": reports})
    data = DataChoice(spec="synthetic", side_px=32, split=None, cache="cache")
    plan = Plan(data=data, checkpoints=str(folder / "checkpoints"))
    tune.Tuner(
        tune.with_parameters(Stock, base=base, plan=plan),
        param_space={f"p{i}": tune.loguniform(1e-3, 1.0) for i in range(10)},
        tune_config=tune.TuneConfig(
            search_alg=OptunaSearch(),
            scheduler=ASHAScheduler(max_t=reports, grace_period=reports),
            metric="error_mm",
            mode="min",
            num_samples=trials,
            max_concurrent_trials=slots,
        ),
        run_config=tune.RunConfig(storage_path=str(folder), name="peer"),
    ).fit()


def our_reports(folder: Path) -> list[Told]:
    """What was stored of our side, and when."""
    rows = queries.read(Store.open(folder), "reports", "overhead").to_pylist()
    return [(r["time_utc"].timestamp(), r["node"], r["trial"]) for r in rows]


def peer_reports(folder: Path) -> list[Told]:
    """What was written of the peer, and when it was made."""
    rows = [
        json.loads(line)
        for path in folder.glob("peer/*/result.json")
        for line in path.read_text().splitlines()
    ]
    return [(row["at_s"], str(row["pid"]), row["trial_id"]) for row in rows]


def timed(
    words: Iterable[str],
    folder: Path,
    read: Callable[[Path], list[Told]],
    *,
    trials: int,
    reports: int,
    slots: int,
) -> dict[str, float]:
    """Run a side in a process of its own; what it took.

    Raises:
        RuntimeError: If it failed, or lost a report.
    """
    folder.mkdir(parents=True)
    words = [__file__, "--inner", str(folder), *words, "--reports", str(reports)]
    words += ["--trials", str(trials), "--slots", str(slots)]
    began_s = time.time()
    done = subprocess.run(
        [sys.executable, *words], check=False, capture_output=True, text=True
    )
    ended_s = time.time()
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told = sorted(read(folder))
    if len(told) != trials * reports:
        raise RuntimeError(f"{len(told)} reports of {trials * reports} were found.")
    first_s, last_s = told[0][0], told[-1][0]
    workers_s = {pid: at_s for at_s, pid, _ in reversed(told)}
    ends_s = sorted({trial: at_s for at_s, _, trial in told}.values())
    return {
        "trials": trials,
        "ramp_up_s": first_s - began_s,
        "every_slot_s": sorted(workers_s.values())[:slots][-1] - began_s,
        "few_trials_s": ends_s[:FEW][-1] - began_s,
        "wind_down_s": ended_s - last_s,
        "seconds_a_trial": (ended_s - first_s) / trials,
        "seconds_a_further_trial": (last_s - first_s) / max(trials - 1, 1),
        "workers": len(workers_s),
    }


class TimedWriter:
    """A writer that adds up how long its appends took."""

    def __init__(self, writer: Writer, spent_s: dict[str, float]) -> None:
        """Write through `writer`."""
        self._writer, self._spent_s = writer, spent_s

    def append(self, table: str, row: Mapping[str, Any]) -> int:
        """See `Writer.append`."""
        return self.append_many([(table, row)])[0]

    def append_many(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[int]:
        """See `Writer.append_many`."""
        start_s = time.perf_counter()
        done = self._writer.append_many(rows)
        self._spent_s["append and fsync"] += time.perf_counter() - start_s
        return done


def parts(
    folder: Path, *, sizes: tuple[int, ...], reports: int
) -> dict[str, dict[str, float]]:
    """Milliseconds a trial of our driver's parts, at the end of so many trials."""
    store, space = Store.open(folder, create=True), SPACES[SPACE]
    store.create_search(header(max(sizes), reports))
    spent_s: dict[str, float] = defaultdict(float)
    found: dict[str, dict[str, float]] = {}
    with store.writer("overhead") as writer:
        board = Board(folder / "tensorboard", print)
        retention = Retention(
            folder / "checkpoints", folder / "trash", lambda: policy.trials, keep=3
        )

        def watch(trial: Tracked, told: Report | None) -> None:
            for name, watcher in (("TensorBoard", board), ("checkpoints", retention)):
                start_s = time.perf_counter()
                watcher(trial, told)
                spent_s[name] += time.perf_counter() - start_s

        policy = SearchPolicy(
            space=space,
            ratios=ratios_of(space),
            seed=0,
            base=presets.preset("tiny"),
            decider=StoppingDecider(
                Rungs(grace=reports, eta=3.0, max_step=reports),
                space,
                ratios_of(space),
                0,
                max(sizes),
            ),
            objective=OBJECTIVE,
            recorder=Recorder(TimedWriter(writer, spent_s), space.name, "overhead"),  # type: ignore[arg-type]
            watch=watch,
        )
        for number in range(1, max(sizes) + 1):
            if number + WINDOW - 1 in sizes:
                spent_s.clear()
            one_trial(policy, reports, spent_s)
            if number in sizes:
                found[f"{number} trials"] = {
                    name: round(1e3 * took_s / WINDOW, 3)
                    for name, took_s in apart(spent_s).items()
                }
        board.close()
    return found


def one_trial(policy: SearchPolicy, reports: int, spent_s: dict[str, float]) -> None:
    """Propose one trial and report it to its end."""
    within = ("append and fsync", "TensorBoard", "checkpoints")
    start_s, before_s = time.perf_counter(), sum(spent_s[name] for name in within)
    proposal = policy.propose()
    assert proposal is not None
    took_s = time.perf_counter() - start_s
    spent_s["all of propose"] += took_s
    spent_s["proposal"] += took_s - sum(spent_s[n] for n in within) + before_s
    for step in range(1, reports + 1):
        told = report(proposal.trial, step, reports)
        start_s = time.perf_counter()
        decision = policy.report(proposal.trial, {"report": told})
        spent_s["all of report"] += time.perf_counter() - start_s
        if decision.action == "stop":
            break


def apart(spent_s: Mapping[str, float]) -> dict[str, float]:
    """The parts, each without those within it."""
    whole = spent_s["all of propose"] + spent_s["all of report"]
    told = {n: spent_s[n] for n in ("append and fsync", "TensorBoard", "checkpoints")}
    return {
        "proposal": spent_s["proposal"],
        "decision": whole - spent_s["proposal"] - sum(told.values()),
        **told,
        "all": whole,
    }


def header(trials: int, reports: int) -> Header:
    """The header of the search whose parts are timed."""
    space = SPACES[SPACE]
    return Header(
        name="overhead",
        space={"name": space.name},
        base_config=presets.preset("tiny").flat(),
        data="synthetic",
        data_settings={},
        data_fingerprint="f" * 64,
        mean_pose_mm={"1.0": 40.0},
        code_version="overhead",
        environment={},
        seed=0,
        ratios=ratios_of(space),
        parameters={
            name: "int" if isinstance(value, int) else "float"
            for name, value in space.start.items()
        },
        rules={"reports": reports},
        trials=trials,
        created_utc="2026-01-01T00:00:00+00:00",
    )


def measured(root: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both sides, alternately, and their ratio."""
    peers: list[dict[str, float]] = []
    later = options.peer_trials // 2 if options.peer_trials >= 2 * FEW else 0
    halves = [options.peer_trials - later, later]  # too few for two runs are one
    both = {"slots": options.slots}

    def peer(trials: int) -> None:
        if trials:
            folder = root / f"peer-{len(peers)}"
            sizes = both | {"trials": trials, "reports": options.reports}
            peers.append(timed(["--stock"], folder, peer_reports, **sizes))

    def we(reports: int) -> dict[str, float]:
        sizes = both | {"trials": options.trials, "reports": reports}
        return timed([], root / f"ours-{reports}", our_reports, **sizes)

    peer(halves[0])
    mine = we(options.reports)
    peer(halves[1])
    found: dict[str, Any] = {"ours": mine}
    if options.reports > 1:
        one = we(1)["seconds_a_further_trial"]
        more_s = mine["seconds_a_further_trial"] - one
        mine["seconds_a_report"] = more_s / (options.reports - 1)
    if peers:
        names = ("ramp_up_s", "every_slot_s", "few_trials_s", "wind_down_s")
        stock = {n: float(np.mean([p[n] for p in peers])) for n in names}
        every = [p["trials"] for p in peers]
        for name in ("seconds_a_trial", "seconds_a_further_trial"):
            stock[name] = float(np.average([p[name] for p in peers], weights=every))
        found["stock Ray Tune"] = {"trials": options.peer_trials} | stock
        found["ratio"] = {n: stock[n] / mine[n] for n in stock}
    sizes = tuple(dict.fromkeys((options.trials, 5 * options.trials)))
    if not options.no_parts:
        found |= parts(root / "parts", sizes=sizes, reports=options.reports)
    return found


def main() -> None:
    """Run what is wanted and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--reports", type=int, default=20)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--peer-trials", type=int, default=20, help="0: no peer")
    parser.add_argument("--no-parts", action="store_true", help="both sides alone")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--inner", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--stock", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inner:
        sizes = {"trials": options.trials, "reports": options.reports}
        side = theirs if options.stock else ours
        side(options.inner, slots=options.slots, **sizes)
        cli.leave(cli.DONE)  # as the command does
    root = Path(tempfile.mkdtemp(prefix="crossnets-overhead-"))
    try:
        found = measured(root, options)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    if options.format == "json":
        print(json.dumps(found | {"cores": os.cpu_count()}, indent=1))
        return
    for side, figures in found.items():
        for name, value in figures.items():
            unit = " (ms a trial)" if side.endswith(" trials") else ""
            print(f"{side:>15}  {name + unit:<32} {value:.4g}")


if __name__ == "__main__":
    main()
