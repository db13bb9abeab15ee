"""What each part of the objective adds, and what the best known recipe does.

Every setting is trained with the same seeds and number of updates, and judged once on
the test split. What two runs have in common is trained once: the pose VAE and the
depth GAN of the same settings, data and seed. A seed also chooses the labelled frames.
A finished run is a line of a file, so the same command goes on where it was
interrupted; a run whose numbers are not finite any more is a line, too.

The peer is `posterior_only`, plain supervised regression: nothing that it predicts with
depends on an image without a label.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ablation_tables
import torch

from cnets import metrics, presets
from cnets.config import TrainConfig
from cnets.data import counts
from cnets.data.hand_data import HandData
from cnets.data.opening import open_data
from cnets.presets import ABLATIONS, RECIPES
from cnets.training import schedule, train
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane
from cnets.training.sharing import stage_keys
from harness.definition.options import assignments


RECIPE = RECIPES["recipe"]

SETTINGS: dict[str, dict[str, Any]] = {
    **ABLATIONS,
    "balanced": {"losses.balance": 1.0},
    "posterior_1000": {"losses.posterior": 1000.0},
    "recipe_supervised": RECIPE | ABLATIONS["posterior_only"],
    "recipe_random": RECIPE | {"labels.choice": "random"},
    "recipe": RECIPE,
    "consistent": RECIPE | {"losses.consistency": 100.0},
}
"""What each setting changes of the paper's: each ablation adds to the last; `balanced`
and `posterior_1000` give the pose a say in the trunk; then the recipe without images
that have no label, with labels chosen at random, whole, and with a mean teacher."""

SCHEDULE: dict[str, Any] = {
    "joint.warm_up_epochs": 1,
    "joint.epochs": 6,
    "joint.steps": 50,
    "joint.learning_rate": 3e-3,
    "joint.decay": 0.65,
}
"""What differs from the preset `small`, in every setting."""

QUICK: dict[str, Any] = {
    "vae.epochs": 4,
    "gan.epochs": 1,
    "gan.steps": 5,
    "joint.epochs": 2,
    "joint.steps": 5,
}
"""What differs from that with `--quick`: too little to learn from."""

SPLIT = "@"
"""What stands between a data set and the name of its split."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run, before it has taken place."""

    data: str
    """As given on the command line."""
    fingerprint: str
    """`HandData.fingerprint` of the data."""
    setting: str
    labels: int
    """Labelled frames."""
    config: TrainConfig

    @property
    def key(self) -> str:
        """The same for two runs that would give the same figures."""
        return _key(self.fingerprint, self.setting, self.config.flat())


def planned(
    opened: Mapping[str, HandData],
    ratios: Sequence[float],
    seeds: int,
    settings: Sequence[str],
    changes: Mapping[str, Any],
) -> list[Run]:
    """All runs, seed outermost, so that a part of them is balanced.

    Args:
        opened: Data sets by the name they were asked for with.
        ratios: Labelled ratios.
        seeds: How many seeds; they are 0, 1, and so on.
        settings: Names of `SETTINGS`.
        changes: What differs from the preset `small`.
    """
    runs = []
    each = itertools.product(range(seeds), opened.items(), ratios, settings)
    for seed, (spec, data), ratio, name in each:
        seeded = {"seed": seed, "label_seed": seed, "labelled_ratio": ratio}
        size = {"networks.joints": data.joints}
        whole = presets.preset("small").replace({**seeded, **size, **changes})
        one = whole.replace(SETTINGS[name])
        labels = len(data.labelled(ratio, seed, one.labels.choice))
        runs.append(
            Run(
                data=spec,
                fingerprint=data.fingerprint,
                setting=name,
                labels=labels,
                config=one,
            )
        )
    return runs


def vae_trained(bank: Bank, config: TrainConfig) -> Lane:
    """A lane after stage A, which does not depend on the later ones."""
    lane = bank.lane(config)
    while lane.stage == "vae":
        bank.advance([lane])
    return lane


def gan_trained(bank: Bank, config: TrainConfig) -> Lane:
    """A lane after stage B without stage A, of which the GAN takes nothing."""
    lane = bank.lane(config)
    lane.stage = "gan"
    while lane.stage == "gan":
        bank.advance([lane])
    return lane


def start(config: TrainConfig, vae: Lane, gan: Lane | None) -> Lane:
    """A lane before stage C, put together from two that were trained before.

    Args:
        config: Of the new lane.
        vae: Gives the pose VAE, and the first weights of all other networks.
        gan: Gives the depth GAN; None if the configuration has no stage B.

    Returns:
        What the configuration would have come to by itself, to the last bit.
    """
    stage = "warm_up" if config.joint.warm_up_epochs else "joint"
    lane = Lane(config, stage)
    for name in vae.flat:
        source = gan if gan is not None and name in schedule.NETWORKS["gan"] else vae
        # An epoch puts new tensors in their place, so nothing has to be copied.
        lane.flat[name], lane.buffers[name] = source.flat[name], source.buffers[name]
    return lane


def judged(bank: Bank, run: Run, vae: Lane, gan: Lane | None) -> dict[str, Any]:
    """Train stage C of a run and test it; the figures are a line of the file."""
    began = time.monotonic()
    lane = start(run.config, vae, gan if run.config.gan.epochs else None)
    line: dict[str, Any] = {
        "data": run.data,
        "fingerprint": run.fingerprint,
        "setting": run.setting,
        "ratio": run.config.labelled_ratio,
        "labels": run.labels,
        "seed": run.config.seed,
        "diverged": None,
        "test": None,
    }
    try:
        curve = [
            report.metrics["mean_joint_error_mm"] for report in train.train(bank, lane)
        ]
        line["validation_mm"] = [round(value, 3) for value in curve]
        line["test"] = metrics.summary(bank.judge.evaluate(lane, "test"))
    except train.Diverged as error:
        line["diverged"] = str(error)
    line["seconds"] = round(time.monotonic() - began, 1)
    return line | {"config": run.config.flat()}


def perform(bank: Bank, runs: Iterable[Run], out: Path) -> None:
    """Runs of one data set and one seed, each appended to the file as it ends."""
    made: dict[tuple, Lane] = {}  # pre-trainings, by all that they depend on
    for run in runs:
        vae = _once(made, "vae", run.config, lambda c: vae_trained(bank, c))
        gan = None
        if run.config.gan.epochs:
            gan = _once(made, "gan", run.config, lambda c: gan_trained(bank, c))
        line = judged(bank, run, vae, gan)
        append(out, line)
        found = line["diverged"] or f"{line['test']['mean_joint_error_mm']:.2f} mm"
        where = f"seed {line['seed']} {run.data} {line['ratio']:g} {run.setting}"
        print(f"{where}: {found}, {line['seconds']} s", file=sys.stderr)


def _once(made: dict[tuple, Lane], stage: str, config: TrainConfig, train: Any) -> Lane:
    """A pre-training that was made, or made now."""
    flat = config.flat()
    key = (stage, *(flat[name] for name in stage_keys.FIELDS[stage]))
    if key not in made:
        made[key] = train(config)
    return made[key]


def append(out: Path, line: Mapping[str, Any]) -> None:
    """Add a line to a file, durably; a torn line before it stays apart.

    Several processes may do so at a time: a line is written at once.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("ab", buffering=0) as file:
        head = b"" if file.tell() == 0 else b"\n"
        file.write(head + json.dumps(line).encode())
        os.fsync(file.fileno())


def finished(out: Path) -> dict[str, dict[str, Any]]:
    """The lines of a file that are whole, by the key of their run."""
    lines = {}
    for text in out.read_text(encoding="utf-8").splitlines() if out.exists() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:  # the process was killed while it wrote
            continue
        lines[_key(line["fingerprint"], line["setting"], line["config"])] = line
    return lines


def _key(fingerprint: str, setting: str, flat: Mapping[str, Any]) -> str:
    return json.dumps([fingerprint, setting, flat], sort_keys=True)


def opened(spec: str, given: argparse.Namespace) -> HandData:
    """A data set, `DATA` or `DATA@SPLIT`."""
    data, _, split = spec.partition(SPLIT)
    return open_data(
        data,
        side_px=presets.preset("small").networks.side_px,
        split=split or None,
        unlabelled=given.unlabelled,
        cache=given.cache,
    )


def group(given: argparse.Namespace, runs: Sequence[Run]) -> None:
    """Perform the runs of one data set and seed, in a process of their own."""
    torch.set_num_threads(given.threads)
    perform(Bank(opened(runs[0].data, given)), runs, given.out)


def options() -> argparse.Namespace:
    """What the command line says, checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", help="such as synthetic:4000, poses:DIR")
    parser.add_argument("--ratios", default="0.02,0.1,0.25,1.0")
    parser.add_argument("--seeds", type=int, default=3, help="3 or more for intervals")
    parser.add_argument("--settings", default=",".join(SETTINGS))
    parser.add_argument("--unlabelled", help="such as test:0.5, of all data sets")
    parser.add_argument("--set", nargs="+", default=[], help="FIELD=VALUE, for all")
    parser.add_argument("--out", type=Path, default=Path("runs/ablations.jsonl"))
    parser.add_argument("--cache", type=Path, default=Path("runs/data"))
    parser.add_argument("--processes", type=int, default=1, help="runs at a time")
    parser.add_argument("--threads", type=int, default=1, help="of torch, each")
    parser.add_argument("--quick", action="store_true", help="a minute, to try it")
    parser.add_argument("--tables", action="store_true", help="run nothing more")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    found = parser.parse_args()
    found.data = found.data or ["synthetic:400" if found.quick else "synthetic:4000"]
    found.settings = found.settings.split(",")
    try:
        found.ratios = [float(text) for text in found.ratios.split(",")]
        found.changes = assignments(found.set)
    except ValueError as error:
        parser.error(str(error))
    if unknown := set(found.settings) - set(SETTINGS):
        parser.error(f"--settings must be of {', '.join(SETTINGS)}, got {unknown}.")
    if not min(found.seeds, found.threads, found.processes) >= 1:
        parser.error("--seeds, --threads and --processes must be 1 or more.")
    return found


def main() -> None:
    """Run what is not finished yet, then print the tables."""
    given = options()
    changes = SCHEDULE | (QUICK if given.quick else {}) | given.changes
    sets = {name: opened(name, given) for name in given.data}
    whole = presets.preset("small").replace(changes)
    runs = planned(sets, given.ratios, given.seeds, given.settings, changes)
    done = finished(given.out)
    pending = [run for run in runs if run.key not in done and not given.tables]
    groups = itertools.groupby(pending, lambda run: (run.config.seed, run.data))
    print(f"{len(pending)} of {len(runs)} runs to go", file=sys.stderr)
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        jobs = [(given, list(members)) for _, members in groups]
        pool.starmap(group, jobs, chunksize=1)
    rows = ablation_tables.compared(runs, finished(given.out))
    if given.format == "json":
        print(json.dumps(rows))
        return
    for spec, part in itertools.groupby(rows, lambda row: row["data"]):
        centres = counts.CENTRES[sets[spec].centres]
        print(
            f"{spec}: test error in mm, mean of {given.seeds} seeds (95 % interval); crop "
            f"centres {centres}; {ablation_tables.updates(whole, sets[spec])}\n\n"
            f"{ablation_tables.table(list(part))}\n"
        )


if __name__ == "__main__":
    main()
