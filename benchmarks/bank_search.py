"""Device-hours of a search through a bank, beside one trial after another; no Ray.

When a trial stops is recorded beforehand: of three that reach a rung one goes on, as
asynchronous halving does at each ninth and third of the epochs. Both sides train
exactly the same epochs. In the bank a lane that stops is filled with the next trial
at once, so that the last trials run in a bank that is not full any more.
"""

import argparse
import json
import math
import random
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.data.opening import open_data
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane


TOY = {
    "vae.epochs": 1,
    "vae.steps": 20,
    "gan.epochs": 1,
    "gan.steps": 10,
    "joint.epochs": 9,
    "joint.steps": 4,
}
"""A schedule that ends within a minute on two cores."""


def recorded_stops(trials: int, epochs: int, seed: int = 0) -> list[int]:
    """The joint epoch after which each trial ends, by halving with a factor of 3."""
    draw = random.Random(seed)
    rungs = (math.ceil(epochs / 9), math.ceil(epochs / 3))
    return [
        next((rung for rung in rungs if draw.random() > 1 / 3), epochs)
        for _ in range(trials)
    ]


def through_bank(
    data: HandData, runs: Sequence[TrainConfig], stops: Sequence[int], **where: Any
) -> tuple[float, float]:
    """Seconds that a device is busy, and the mean number of lanes that it trains.

    Args:
        data: What all train on.
        runs: A configuration a trial.
        stops: Joint epochs that each trains.
        where: `device` and `width` of the bank.
    """
    bank = Bank(data, **where)
    width = where["width"]
    waiting, lanes, filled = list(zip(runs, stops, strict=True)), [], []
    synchronise(where["device"])
    start_s = time.perf_counter()
    while waiting or lanes:
        while waiting and len(lanes) < width:
            run, stop = waiting.pop(0)
            lanes.append((bank.lane(run), stop))
        stage = lanes[0][0].stage
        alike = [lane for lane, _ in lanes if lane.stage == stage]
        bank.advance(alike)
        filled.append(len(alike))
        lanes = [(k, stop) for k, stop in lanes if not ended(k, stop)]
        lanes = lanes[1:] + lanes[:1]  # the stages take turns
    synchronise(where["device"])
    return time.perf_counter() - start_s, sum(filled) / len(filled)


def ended(lane: Lane, stop: int) -> bool:
    """Whether a trial has reached its recorded end."""
    return lane.stage == "joint" and lane.epoch >= stop


def synchronise(device: str) -> None:
    """Wait for what the device has been given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def main() -> None:
    """Run both sides and print them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--lanes", type=int, default=3)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--schedule", choices=("toy", "preset"), default="toy")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    given = parser.parse_args()
    torch.set_num_threads(1)
    changes = TOY if given.schedule == "toy" else {}
    base = presets.preset(given.preset).replace(changes)
    with tempfile.TemporaryDirectory() as folder:
        data = open_data(
            f"synthetic:{given.frames}",
            side_px=base.networks.side_px,
            cache=Path(folder),
        )
        base = base.replace({"networks.joints": data.joints})
        runs = [
            base.replace({"losses.posterior": 10 ** (n / given.trials), "seed": n})
            for n in range(given.trials)
        ]
        stops = recorded_stops(given.trials, base.joint.epochs)
        warm = [r.replace({"joint.epochs": 1}) for r in runs[:1]]
        through_bank(data, warm, [1], device=given.device, width=1)
        alone_s, _ = through_bank(data, runs, stops, device=given.device, width=1)
        bank_s, lanes = through_bank(
            data, runs, stops, device=given.device, width=given.lanes
        )
    on_gpu = given.device.startswith("cuda")
    chip = torch.cuda.get_device_name() if on_gpu else f"cpu, {torch.get_num_threads()}"
    found = {
        "chip": chip,
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit(),
        "torch": torch.__version__,
        "preset": given.preset,
        "schedule": given.schedule,
        "trials": given.trials,
        "lanes": given.lanes,
        "joint_epochs": sum(stops),
        "mean_lanes_filled": round(lanes, 2),
        "one_after_another_device_hours": alone_s / 3600,
        "bank_device_hours": bank_s / 3600,
        "ratio": alone_s / bank_s,
    }
    if given.format == "json":
        print(json.dumps(found))
        return
    for name, value in found.items():
        shown = f"{value:.4g}" if isinstance(value, float) else value
        print(f"{name:32} {shown}")


def commit() -> str:
    """The commit that this file is part of, or nothing outside a repository."""
    try:
        return subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


if __name__ == "__main__":
    main()
