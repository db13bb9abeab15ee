"""Labels chosen by chance against labels that cover the depth images.

Each run is plain supervised regression (`posterior_only`) with `losses.posterior=1000`,
on the chosen frames, judged on validation: no test frame is read. What that
tells depends on who is in it, so a column is a data set and its split. A finished run
is a line of a file, so the same command goes on where it was interrupted.
"""

import argparse
import dataclasses
import itertools
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ablations
import torch
from ablation_tables import BASELINE

from cnets import presets
from cnets.data import counts
from cnets.data.hand_data import CHOICES, HandData
from cnets.training import train
from cnets.training.bank import Bank
from results.statistics import means


CHANGES = ablations.SCHEDULE | {"losses.posterior": 1000.0}
"""What differs from the preset `small`."""

QUICK = {"vae.epochs": 1, "joint.epochs": 1, "joint.steps": 5, "vae.steps": 5}
"""What differs from that with `--quick`: too little to learn from."""


def run(
    data: HandData, ratio: float, seed: int, choice: str, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Train once; the figures are a line of the file."""
    began = time.monotonic()
    chosen = {"labelled_ratio": ratio, "label_seed": seed, "labels.choice": choice}
    wanted = {"seed": seed, "networks.joints": data.joints, **chosen, **changes}
    whole = presets.preset("small").replace(wanted)
    bank = Bank(data)
    lane = bank.lane(presets.ablated(whole, BASELINE))
    *_, last = train.train(bank, lane)
    seconds = round(time.monotonic() - began, 1)
    return {
        "labels": len(data.labelled(ratio, seed, choice)),
        "validation_mm": last.metrics["mean_joint_error_mm"],
        "seconds": seconds,
    }


def compared(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each data set, ratio and choice, with the gain over chance."""
    rows = []
    where = dict.fromkeys((n["data"], n["ratio"]) for n in lines)
    for (data, ratio), choice in itertools.product(where, CHOICES):
        found = {
            each: {
                n["seed"]: n["validation_mm"]
                for n in lines
                if (n["data"], n["ratio"], n["choice"]) == (data, ratio, each)
            }
            for each in CHOICES
        }
        mine, chance = found[choice], found["random"]
        apart = [mine[s] - chance[s] for s in mine if s in chance]
        first = next(n for n in lines if (n["data"], n["ratio"]) == (data, ratio))
        rows.append(
            {
                "data": data,
                "centres": first["centres"],
                "labels": first["labels"],
                "ratio": ratio,
                "choice": choice,
                "validation_mm": [round(mine[seed], 1) for seed in sorted(mine)],
                "less_random_mm": dataclasses.asdict(means.summary(apart))
                if choice != "random" and apart
                else None,
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows in Markdown."""
    heads = (
        "data, crop centres, labels, choice, validation mm (a seed each), less random"
    )
    lines = [heads.split(", "), ["---"] * 6]
    for row in rows:
        apart = row["less_random_mm"]
        cell = "" if apart is None else f"{apart['mean']:+.1f}"
        if apart is not None and apart["low"] is not None:
            cell += f" ({apart['low']:+.1f} to {apart['high']:+.1f})"
        labels = f"{row['labels']} ({100 * row['ratio']:g} %)"
        errors = " ".join(f"{value:g}" for value in row["validation_mm"])
        names = [f"`{row['data']}`", row["centres"], labels, row["choice"]]
        lines.append([*names, errors, cell])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=["synthetic:4000"])
    parser.add_argument("--ratios", type=float, nargs="+", default=[0.02, 0.1])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/label_choice.jsonl"))
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--quick", action="store_true", help="seconds, to try it")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser.parse_args()


def main() -> None:
    """Run what is not finished yet, then print the table."""
    given = options()
    torch.set_num_threads(given.threads)
    changes = CHANGES | (QUICK if given.quick else {})
    lines = []
    if given.out.exists():
        lines = [json.loads(n) for n in given.out.read_text().splitlines() if n.strip()]
    opened = {}
    for name in given.data:
        opened[name] = ablations.opened(name, given.cache)
    each = itertools.product(range(given.seeds), given.data, given.ratios, CHOICES)
    for seed, name, ratio, choice in each:
        data = opened[name]
        facts = {
            "data": Path(name).name if "/" in name else name,
            "centres": counts.CENTRES[data.centres],
            "fingerprint": data.fingerprint,
            "ratio": ratio,
            "seed": seed,
            "choice": choice,
            "changes": changes,
        }
        if any(facts.items() <= line.items() for line in lines):
            continue
        line = facts | run(data, ratio, seed, choice, changes)
        lines.append(line)
        ablations.append(given.out, line)
        print(json.dumps(line), file=sys.stderr)
    rows = compared(lines)
    print(json.dumps(rows) if given.format == "json" else table(rows))


if __name__ == "__main__":
    main()
