"""What each part of the objective adds, at several labelled ratios.

Every ablation of `cnets.presets` is trained with the same seeds, labelled
frames, batches and number of updates, and judged once on the test split. What
two runs have in common is trained once: the pose VAE for a data set, ratio and
seed, the depth GAN for a data set and seed. A seed also chooses the labelled
frames. A finished run is a line of a file, so the same command goes on where
it was interrupted; a run whose numbers are not finite any more is a line, too.

The peer is `posterior_only`, plain supervised regression. It is given a data
set in which the unlabelled frames do not exist.
"""

import argparse
import dataclasses
import itertools
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cnets import metrics, presets
from cnets.config import TrainConfig
from cnets.data import counts
from cnets.data.hand_data import HandData
from cnets.data.opening import open_data
from cnets.data.splits import TRAIN, UNUSED
from cnets.presets import ABLATIONS, ablated
from cnets.training import schedule, train
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane
from results.statistics import means


BASELINE, WHOLE = "posterior_only", "full"
"""What all are compared with, and what the verdict is about."""

SCHEDULE: dict[str, Any] = {
    "joint.warm_up_epochs": 1,
    "joint.epochs": 6,
    "joint.steps": 50,
    "joint.learning_rate": 3e-3,
    "joint.decay": 0.65,
}
"""What differs from the preset `small`, in every ablation."""

QUICK: dict[str, Any] = {
    "vae.epochs": 4,
    "gan.epochs": 1,
    "gan.steps": 5,
    "joint.epochs": 2,
    "joint.steps": 5,
}
"""What differs from that with `--quick`: too little to learn from."""

PUBLISHED_MM = {
    0.02: 17.7,
    0.05: 17.4,
    0.1: 16.5,
    0.25: 16.1,
    0.5: 16.0,
    0.75: 15.9,
    1.0: 15.5,
}
"""Crossing Nets on NYU by labelled ratio: real images of 128 pixels.

Source:
    Poier et al. 2019, MURAUER (WACV), figure 3.
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run, before it has taken place."""

    data: str
    """As given on the command line."""
    fingerprint: str
    """`HandData.fingerprint` of the data."""
    ablation: str
    config: TrainConfig

    @property
    def key(self) -> str:
        """The same for two runs that would give the same figures."""
        return _key(self.fingerprint, self.ablation, self.config.flat())


def planned(
    opened: Mapping[str, HandData],
    ratios: Sequence[float],
    seeds: int,
    ablations: Sequence[str],
    changes: Mapping[str, Any],
) -> list[Run]:
    """All runs, seed outermost, so that a part of them is balanced.

    Args:
        opened: Data sets by the name they were asked for with.
        ratios: Labelled ratios.
        seeds: How many seeds; they are 0, 1, and so on.
        ablations: Names of `cnets.presets.ABLATIONS`.
        changes: What differs from the preset `small`.
    """
    runs = []
    each = itertools.product(range(seeds), opened.items(), ratios, ablations)
    for seed, (spec, data), ratio, name in each:
        whole = presets.preset("small").replace(
            {
                "seed": seed,
                "label_seed": seed,
                "labelled_ratio": ratio,
                "networks.joints": data.joints,
                **changes,
            }
        )
        one, content = ablated(whole, name), data.fingerprint
        runs.append(Run(data=spec, fingerprint=content, ablation=name, config=one))
    return runs


def vae_trained(bank: Bank, config: TrainConfig) -> Lane:
    """A lane after stage A, which ablations do not change."""
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


def needs_unlabelled(config: TrainConfig) -> bool:
    """Whether any update learns from images without labels."""
    losses = config.losses
    return config.gan.epochs + losses.adversarial + losses.feature_matching > 0


def labelled_alone(data: HandData, config: TrainConfig) -> HandData:
    """The data set as if the frames without labels had never been recorded."""
    choice = (config.labelled_ratio, config.label_seed, config.labels.choice)
    rows = data.labelled(*choice)
    split = data.split.copy()
    split[split == TRAIN] = UNUSED
    split[rows] = TRAIN
    return dataclasses.replace(data, split=split)


def judged(bank: Bank, run: Run, vae: Lane, gan: Lane | None) -> dict[str, Any]:
    """Train stage C of a run and test it; the figures are a line of the file."""
    began = time.monotonic()
    config = run.config
    if not needs_unlabelled(config):
        bank = Bank(labelled_alone(bank.data, config))
        config = config.replace({"labelled_ratio": 1.0})
    lane = start(config, vae, gan if config.gan.epochs else None)
    line: dict[str, Any] = {
        "data": run.data,
        "fingerprint": run.fingerprint,
        "ablation": run.ablation,
        "ratio": run.config.labelled_ratio,
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
    gan = None
    for _, members in itertools.groupby(runs, lambda run: run.config.labelled_ratio):
        vae = None
        for run in members:
            vae = vae or vae_trained(bank, run.config)
            if gan is None and run.config.gan.epochs:
                gan = gan_trained(bank, run.config)
            line = judged(bank, run, vae, gan)
            append(out, line)
            found = line["diverged"] or f"{line['test']['mean_joint_error_mm']:.2f} mm"
            where = f"seed {line['seed']} {run.data} {line['ratio']:g} {run.ablation}"
            print(f"{where}: {found}, {line['seconds']} s", file=sys.stderr)


def append(out: Path, line: Mapping[str, Any]) -> None:
    """Add a line to a file, durably; a torn line before it stays apart."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8") as file:
        file.write(f"{'' if file.tell() == 0 else chr(10)}{json.dumps(line)}")
        file.flush()
        os.fsync(file.fileno())


def finished(out: Path) -> dict[str, dict[str, Any]]:
    """The lines of a file that are whole, by the key of their run."""
    lines = {}
    for text in out.read_text(encoding="utf-8").splitlines() if out.exists() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:  # the process was killed while it wrote
            continue
        lines[_key(line["fingerprint"], line["ablation"], line["config"])] = line
    return lines


def compared(
    runs: Sequence[Run], lines: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """A row for each data set and ratio.

    Args:
        runs: The runs that were asked for.
        lines: Those that are finished, by key.

    Returns:
        `data`, `ratio`, `published_mm`, `diverged` (runs), and for each ablation
        a `results.statistics.means.Summary` as a dict, or None without a finished run.
        `differences`: the same of each less the baseline, seed by seed.
    """
    rows = []
    names = list(dict.fromkeys(run.ablation for run in runs))
    for spec, ratio in dict.fromkeys((r.data, r.config.labelled_ratio) for r in runs):
        by_name: dict[str, dict[int, float]] = {name: {} for name in names}
        diverged = 0
        for run in runs:
            line = lines.get(run.key)
            if (run.data, run.config.labelled_ratio) != (spec, ratio) or line is None:
                continue
            if line["diverged"]:
                diverged += 1
            else:
                error_mm = line["test"]["mean_joint_error_mm"]
                by_name[run.ablation][run.config.seed] = error_mm
        base = by_name.get(BASELINE, {})
        apart = {
            name: [found[seed] - base[seed] for seed in found if seed in base]
            for name, found in by_name.items()
            if name != BASELINE
        }
        rows.append(
            {
                "data": spec,
                "ratio": ratio,
                "published_mm": PUBLISHED_MM.get(ratio),
                "diverged": diverged,
                "ablations": {
                    n: _summary(found.values()) for n, found in by_name.items()
                },
                "differences": {n: _summary(found) for n, found in apart.items()},
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows of one data set as tables in Markdown, and what they say."""
    names, others = list(rows[0]["ablations"]), list(rows[0]["differences"])
    errors, apart = [], []
    for row in rows:
        label, published = f"{100 * row['ratio']:g} %", row["published_mm"]
        cells = [_cell(row["ablations"][name]) for name in names]
        errors.append([label, *cells, f"{published or '-'}"])
        apart.append([label, *(_cell(row["differences"][n], "+") for n in others)])
    parts = [_markdown(["labelled", *names, "published, NYU"], errors)]
    if BASELINE in names and WHOLE in others:
        parts.append(f"Less `{BASELINE}`, seed by seed:")
        parts.append(_markdown(["labelled", *others], apart))
        parts.append("\n".join(_verdict(row) for row in rows))
    return "\n\n".join(parts)


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    every = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in every)


def _verdict(row: Mapping[str, Any]) -> str:
    """Whether the whole model is better than the baseline, in a sentence."""
    apart, label = row["differences"][WHOLE], f"{100 * row['ratio']:g} %"
    lost = f" {row['diverged']} runs diverged." if row["diverged"] else ""
    if apart is None or apart["low"] is None:
        return f"- {label}: too few runs to compare.{lost}"
    if apart["low"] <= 0 <= apart["high"]:
        said = f"`{WHOLE}` and `{BASELINE}` are not told apart"
    else:
        better = "better" if apart["high"] < 0 else "worse"
        said = f"`{WHOLE}` is {better} than `{BASELINE}`"
    return f"- {label}: {said} ({_cell(apart, '+')} mm, {apart['count']} seeds).{lost}"


def _cell(found: Mapping[str, Any] | None, sign: str = "") -> str:
    if found is None:
        return "-"
    mean = f"{found['mean']:{sign}.2f}"
    if found["low"] is None:
        return mean
    return f"{mean} ({found['low']:{sign}.2f} to {found['high']:{sign}.2f})"


def _summary(values: Iterable[float]) -> dict[str, Any] | None:
    listed = list(values)
    return dataclasses.asdict(means.summary(listed)) if listed else None


def _key(fingerprint: str, ablation: str, flat: Mapping[str, Any]) -> str:
    return json.dumps([fingerprint, ablation, flat], sort_keys=True)


def options() -> argparse.Namespace:
    """What the command line says, checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", help="such as synthetic:4000, poses:DIR")
    parser.add_argument("--ratios", default="0.02,0.1,0.25,1.0")
    parser.add_argument("--seeds", type=int, default=3, help="3 or more for intervals")
    parser.add_argument("--ablations", default=",".join(ABLATIONS))
    parser.add_argument("--set", nargs="+", default=[], help="FIELD=NUMBER, for all")
    parser.add_argument("--out", type=Path, default=Path("runs/ablations.jsonl"))
    parser.add_argument("--cache", type=Path, default=Path("runs/data"))
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--quick", action="store_true", help="a minute, to try it")
    parser.add_argument("--tables", action="store_true", help="run nothing more")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    found = parser.parse_args()
    found.data = found.data or ["synthetic:400" if found.quick else "synthetic:4000"]
    try:
        found.ratios = [float(text) for text in found.ratios.split(",")]
        pairs = [text.split("=") for text in found.set]
        found.changes = {name: float(value) for name, value in pairs}
    except ValueError:
        parser.error("--ratios must be numbers, --set a field and a number.")
    found.ablations = found.ablations.split(",")
    if not found.seeds >= 1 or not found.threads >= 1:
        parser.error("--seeds and --threads must be 1 or more.")
    return found


def main() -> None:
    """Run what is not finished yet, then print the tables."""
    given = options()
    torch.set_num_threads(given.threads)
    changes = SCHEDULE | (QUICK if given.quick else {}) | given.changes
    side_px = presets.preset("small").networks.side_px
    opened = {
        name: open_data(name, side_px=side_px, cache=given.cache) for name in given.data
    }
    runs = planned(opened, given.ratios, given.seeds, given.ablations, changes)
    done = finished(given.out)
    pending = [run for run in runs if run.key not in done and not given.tables]
    groups = itertools.groupby(pending, lambda run: (run.config.seed, run.data))
    for (_, spec), members in groups:
        perform(Bank(opened[spec]), members, given.out)
    rows = compared(runs, finished(given.out))
    if given.format == "json":
        print(json.dumps(rows))
        return
    for spec, part in itertools.groupby(rows, lambda row: row["data"]):
        centres = counts.CENTRES[opened[spec].centres]
        said = (
            f"test error in mm, mean of {given.seeds} seeds (95 % interval); crop centres "
            f"{centres}"
        )
        print(f"{spec}: {said}\n\n{table(list(part))}\n")


if __name__ == "__main__":
    main()
