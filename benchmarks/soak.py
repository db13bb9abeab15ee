"""What a very large search costs its driver and its disk: empty trials, many reports.

Every trial reports as often as wanted through the recorder and the writer of a
real search; nothing is trained and nothing proposed. A report fills the columns
that a real epoch of the joint stage fills, with values of the precision that a
real one has (loss terms are float32 numbers, errors are means in float64).

Beside it stands stock Ray Tune with the result files it writes as shipped, by as
many trials as fit into `--peer-seconds`; its figures are extrapolated from those.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from cnets import presets
from harness.definition.report import Report
from harness.definition.trial import Decision, Proposal
from harness.driver.recording.recorder import Recorder
from harness.driver.recording.tracked import Tracked
from results import Header, Store
from results.format import schema


MILLION = 1_000_000
ABREAST = 8
"""Trials that report in turn."""

TOP = "SELECT trial, step, objective_mm FROM reports ORDER BY objective_mm LIMIT 10"
COMMAND = "import sys; from harness.commands.cli import main; sys.exit(main())"
PEER = """
import json, os, sys
os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
import ray
from ray import tune
folder, reports, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
def train(settings):
    import random
    for step in range(reports):
        figures = {name: random.random() for name in settings["names"]}
        tune.report(figures | {"step": step, "objective_mm": random.random()})
tune.Tuner(
    train,
    param_space={"names": json.loads(sys.argv[4]), "kl": tune.loguniform(1e-3, 1)},
    tune_config=tune.TuneConfig(num_samples=-1, time_budget_s=seconds),
    run_config=tune.RunConfig(storage_path=folder, name="peer", verbose=0),
).fit()
"""
TOP_OF_PEER = """
import heapq, json, sys, time
from pathlib import Path
start_s = time.perf_counter()
rows = []
for path in Path(sys.argv[1]).glob("peer/*/result.json"):
    for line in path.open():
        row = json.loads(line)
        rows.append((row["objective_mm"], row["trial_id"], row["step"]))
heapq.nsmallest(10, rows)
print(time.perf_counter() - start_s)
"""


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def file_bytes(folder: Path, pattern: str = "*") -> int:
    """Size of all files under a folder that match."""
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())


def header(trials: int) -> Header:
    """The header of the search."""
    return Header(
        name="soak",
        space={"name": "soak_space"},
        base_config=presets.preset("tiny").flat(),
        data="synthetic",
        data_settings={},
        data_fingerprint="f" * 64,
        mean_pose_mm={"1.0": 40.0},
        code_version="soak",
        environment={},
        seed=0,
        ratios=(1.0,),
        parameters={"losses.kl": "float"},
        rules={},
        trials=trials,
        created_utc="2026-01-01T00:00:00+00:00",
    )


def curves(number: int, reports: int, names: tuple[str, ...]) -> dict[str, list[float]]:
    """A noisy falling curve for each name, other for every trial, and seconds."""
    draw = np.random.default_rng(number)
    steps = np.arange(reports)
    found: dict[str, list[float]] = {}
    for name in names:
        rate, scale = draw.uniform(0.01, 0.1), draw.lognormal(3.0, 0.5)
        noise = 1 + 0.03 * draw.standard_normal(reports)
        found[name] = (scale * (0.2 + np.exp(-rate * steps)) * noise).tolist()
    # An epoch takes about as long as the one before.
    found["seconds"] = (20.0 * (1 + 0.03 * draw.standard_normal(reports))).tolist()
    return found


class Soak:
    """Trials that report through the recorder of a real search."""

    def __init__(self, recorder: Recorder, *, reports: int) -> None:
        """Writes through `recorder`."""
        self._recorder, self._reports = recorder, reports
        self._base = presets.preset("tiny")

    def run(self, trials: int) -> float:
        """Run the trials, a few in turn; returns the seconds spent recording."""
        spent_s = 0.0
        for first in range(1, trials + 1, ABREAST):
            numbers = range(first, min(first + ABREAST, trials + 1))
            open_trials = [self._started(number) for number in numbers]
            figures = [curves(n, self._reports, self._names()) for n in numbers]
            for step in range(1, self._reports + 1):
                for trial, curve in zip(open_trials, figures, strict=True):
                    report = self._report(curve, step)
                    trial.curve[step] = report.metrics["mean_joint_error_mm"]
                    trial.terms = report.terms
                    start_s = time.perf_counter()
                    self._reported(trial, report)
                    spent_s += time.perf_counter() - start_s
        return spent_s

    def _names(self) -> tuple[str, ...]:
        errors = ("mean_joint_error_mm", "median_joint_error_mm")
        others = ("worst_joint_error_mm", "near", "far")
        return (*schema.LOSS_TERMS, *errors, *others, *schema.HEALTH_FIGURES)

    def _started(self, number: int) -> Tracked:
        values = {"losses.kl": 1.0 + number / MILLION, "labelled_ratio": 1.0}
        proposal = Proposal(
            trial=f"t-{number:05d}",
            number=number,
            ratio=1.0,
            values=values,
            origin="random",
            config=self._base.replace({"losses.kl": values["losses.kl"]}),
        )
        trial = Tracked(proposal)
        self._recorder.event(trial, "proposed")
        trial.state = "running"
        self._recorder.event(trial, "started")
        return trial

    def _report(self, curve: dict[str, list[float]], step: int) -> Report:
        now = {name: values[step - 1] for name, values in curve.items()}
        # Terms of the stages that are over keep their last value.
        over = {name: curve[name][0] for name in ("pose_reconstruction", "kl")}
        terms = {name: now[name] for name in schema.LOSS_TERMS} | over
        return Report(
            stage="joint",
            epoch=step,
            epochs=self._reports,
            step=step,
            last=step == self._reports,
            terms={name: float(np.float32(value)) for name, value in terms.items()},
            metrics={
                "mean_joint_error_mm": now["mean_joint_error_mm"],
                "median_joint_error_mm": float(
                    np.float32(now["median_joint_error_mm"])
                ),
                "worst_joint_error_mm": now["worst_joint_error_mm"],
                "frames_within_20mm": int(now["near"] * 20) % 2440 / 2440,
                "frames_within_40mm": int(now["far"] * 40) % 2440 / 2440,
            },
            health={name: now[name] for name in schema.HEALTH_FIGURES}
            | {"active_units": float(int(now["active_units"]) % 21)},
            seconds=now["seconds"],
            node="node-1",
        )

    def _reported(self, trial: Tracked, report: Report) -> None:
        if not report.last:
            self._recorder.reported(trial, report, Decision(action="continue"), None)
            return
        trial.state = "completed"
        done = Decision(action="stop", state="completed")
        self._recorder.reported(trial, report, done, "ended")


def ours(folder: Path, *, trials: int, reports: int) -> dict[str, float | str]:
    """Our side: figures of a search of this size."""
    store = Store.open(folder, create=True)
    store.create_search(header(trials))
    start_s = time.perf_counter()
    with store.writer("soak") as writer:
        soak = Soak(Recorder(writer, "soak", "soak"), reports=reports)
        before = resident_bytes()
        peak_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        spent_s = soak.run(trials)
        writer.flush()
        after = resident_bytes()
        running_s = time.perf_counter() - start_s
        live_files = len(store.storage.list("reports"))
        start_s = time.perf_counter()
        writer.compact()
        compact_s = time.perf_counter() - start_s
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    rows = trials * reports
    return {
        "reports": rows,
        "seconds_a_report": spent_s / rows,
        "wall_s": round(running_s, 1),
        "driver_growth_mb": round((after - before) / 1e6, 1),
        "driver_peak_growth_mb": round((peak - peak_before) / 1e6, 1),
        "report_files_before_the_last_compaction": live_files,
        "last_compaction_s": round(compact_s, 2),
        "mb_per_million_reports": round(file_bytes(folder) / rows, 1),
        "mb_per_million_reports_table_alone": round(
            file_bytes(folder / "reports") / rows, 1
        ),
        "top_10_cold_s": round(
            timed([COMMAND, "query", TOP, "--store", str(folder)]), 2
        ),
    }


def timed(words: list[str]) -> float:
    """Seconds of a new Python that runs the first word with the others."""
    start_s = time.perf_counter()
    command = [sys.executable, "-c", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start_s


def peer(folder: Path, *, reports: int, seconds: float) -> dict[str, float | str]:
    """Stock Ray Tune: figures of as many trials as fit into the time."""
    columns = json.dumps([*schema.LOSS_TERMS, "median", "worst", "near", "far"])
    start_s = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", PEER, str(folder), str(reports), str(seconds), columns],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=seconds + 180,
        env=os.environ | {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"},
    )
    wall_s = time.perf_counter() - start_s
    files = list(folder.glob("peer/*/result.json"))
    rows = sum(path.read_bytes().count(b"\n") for path in files)
    names = ("result.json", "progress.csv")
    written = sum(file_bytes(folder / "peer", name) for name in names)
    command = [sys.executable, "-c", TOP_OF_PEER, str(folder)]
    top_s = float(subprocess.run(command, check=True, capture_output=True).stdout)
    return {
        "trials": len(files),
        "reports": rows,
        "wall_s": round(wall_s, 1),
        "mb_per_million_reports": round(written / rows, 1),
        "top_10_s": round(top_s, 3),
        "top_10_s_per_million_reports": round(top_s / rows * MILLION, 1),
        "note": "per million reports: extrapolated",
    }


def main() -> None:
    """Soak, measure, run the peer, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--reports", type=int, default=100)
    parser.add_argument("--peer-seconds", type=float, default=60.0, help="0: no peer")
    parser.add_argument("--folder", help="where to work; default: a temporary folder")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    root = Path(options.folder or tempfile.mkdtemp(prefix="crossnets-soak-"))
    found = {
        "ours": ours(
            root / "store",
            trials=options.trials,
            reports=options.reports,
        )
    }
    if options.peer_seconds:
        found["ray_tune"] = peer(
            root / "ray", reports=options.reports, seconds=options.peer_seconds
        )
    if options.folder is None:
        shutil.rmtree(root)
    if options.format == "json":
        print(json.dumps(found, indent=1))
        return
    for side, figures in found.items():
        for name, value in figures.items():
            print(f"{side:>9}  {name:<40} {value}")


if __name__ == "__main__":
    main()
