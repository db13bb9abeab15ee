"""What the joint stage does to the authors' NYU networks on real frames.

The run starts from the published weights, trains the joint stage on rendered
NYU poses of the first person, and sees real frames of other sensors, without
labels, in the GAN's terms. Before it and after every epoch the error is taken
on the labelled real frames that are there (one native frame and two crops of
another group, cropped again round the authors' centres) and on rendered poses
of the second person, whom training never saw.
"""

import argparse
import gzip
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io
import torch
from PIL import Image

from cnets import geometry
from cnets.cameras import CAMERAS
from cnets.data.crops import crop
from cnets.data.files import depth_files
from cnets.data.opening import open_data
from cnets.inference import models
from cnets.inference.model import Model
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane


NYU = CAMERAS["nyu"]

CROPPED_JOINT, CROPPED_MM = 34, 300.0
"""The other group's crops show this cube about this joint."""


@dataclass(frozen=True, kw_only=True)
class RealFrame:
    """A labelled frame of the sensor."""

    name: str
    depth: torch.Tensor
    """The crop, [1, 1, 128, 128]."""
    centre_mm: torch.Tensor
    joints_mm: torch.Tensor


def real_frames(folder: Path) -> list[RealFrame]:
    """The labelled real frames of the folder of real data."""
    tables = []
    for axis in "uvd":
        with gzip.open(folder / "nyu" / "joints36" / f"joint_1_{axis}.csv.gz") as file:
            tables.append(np.loadtxt(file, delimiter=","))
    labels = np.stack(tables, -1)
    path = folder / "crossingnet_weights" / "center_uvd_test.mat"
    centres = scipy.io.loadmat(path)["center_uvd"]
    native = folder / "nyu" / "frames" / "depth_1_0000001.png"
    frames = {"native 1": (0, depth_files.read_any(native))}
    for row in (0, 772):
        path = folder / "nyu" / "frames_deepmodel_crops" / f"{row}.png"
        frames[f"crop {row}"] = (row, uncropped(path, labels[row, CROPPED_JOINT]))
    found = []
    for name, (row, frame) in frames.items():
        uvd = torch.from_numpy(np.stack([centres[row]]))[None].float()
        joints = torch.from_numpy(labels[row : row + 1]).float()
        found.append(
            RealFrame(
                name=name,
                depth=torch.from_numpy(crop.crop(frame, centres[row], NYU, 128))[
                    None, None
                ],
                centre_mm=geometry.to_mm_from_uvd(uvd, NYU)[0],
                joints_mm=geometry.to_mm_from_uvd(joints, NYU),
            )
        )
    return found


def uncropped(path: Path, joint_uvd: np.ndarray) -> np.ndarray:
    """A whole frame from a grey crop: what lies outside it is empty."""
    with Image.open(path) as image:
        grey = np.asarray(image.convert("L")).astype(np.float64)
    u, v, d = joint_uvd
    half_mm, side = CROPPED_MM / 2, len(grey)
    depth = np.where(grey == 255, 0, d + (grey / 255 * 2 - 1) * half_mm)
    half_u, half_v = half_mm * NYU.fx / d, half_mm * NYU.fy / d
    column = np.floor((np.arange(640) + 0.5 - (u - half_u)) / (2 * half_u) * side)
    row = np.floor((np.arange(480) + 0.5 - (v - half_v)) / (2 * half_v) * side)
    rows, columns = (np.flatnonzero((a >= 0) & (a < side)) for a in (row, column))
    frame = np.zeros((480, 640), np.float32)
    inside = np.ix_(row[rows].astype(int), column[columns].astype(int))
    frame[np.ix_(rows, columns)] = depth[inside]
    return frame


def errors(model: Model, frames: list[RealFrame]) -> dict[str, float]:
    """Mean error of the evaluated joints on each real frame, millimetres."""
    joints = list(model.skeleton.evaluated)
    found = {}
    for frame in frames:
        read = model.predict(frame.depth, frame.centre_mm)
        distance = (read - frame.joints_mm)[0, joints].norm(dim=1)
        found[frame.name] = round(float(distance.mean()), 2)
    return found


def measure(bank: Bank, lane: Lane, frames: list[RealFrame]) -> dict:
    """The figures of a lane as it is now."""
    found: dict = errors(models.of_lane("lane", lane), frames)
    found["rendered, first person"] = _mean(bank, lane, "validation")
    found["rendered, second person"] = _mean(bank, lane, "test")
    return found


def _mean(bank: Bank, lane: Lane, split: str, most: int = 400) -> float:
    """Mean error over frames spread over a split."""
    rows = bank.data.rows(split)
    rows = rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
    joints = list(bank.data.evaluated)
    labels = torch.from_numpy(bank.data.joints_mm[rows][:, joints])
    read = bank.judge.predict(lane, rows)[:, joints]
    return round(float((read - labels).norm(dim=-1).mean()), 2)


def main() -> None:
    """Measure, train an epoch, measure, and so on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("realdata", help="folder of the real data")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--posterior", type=float, default=1.0)
    parser.add_argument("--unlabelled", help="default: kinect2_srn of the real data")
    parser.add_argument("--cache", help="folder of prepared data; default: temporary")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    realdata = Path(options.realdata)
    with tempfile.TemporaryDirectory(prefix="crossnets-tuning-") as made:
        data = open_data(
            f"poses:{realdata / 'nyu'}",
            side_px=128,
            split="person",
            unlabelled=options.unlabelled or f"{realdata / 'kinect2_srn'}@kinect2",
            cache=Path(options.cache or made),
        )
        bank = Bank(data)
        model = models.open_model(
            f"published:{realdata / 'crossingnet_weights' / 'NYU_pretrained'}"
        )
        config = model.config.replace(
            {
                "joint.epochs": options.epochs,
                "joint.steps": options.steps,
                "joint.batch_size": options.batch,
                "joint.learning_rate": options.learning_rate,
                "losses.posterior": options.posterior,
            }
        )
        lane = bank.lane(config)
        models.into_lane(model, lane)
        lane.stage = "joint"
        frames = real_frames(realdata)
        rows = [{"updates": 0, **measure(bank, lane, frames)}]
        show(rows[-1])
        while not lane.finished:
            bank.advance([lane])
            rows.append(
                {"updates": options.steps * lane.epoch, **measure(bank, lane, frames)}
            )
            show(rows[-1])
    if options.format == "json":
        print(json.dumps(rows, indent=1))
        return
    names = list(rows[0])
    print("| " + " | ".join(names) + " |")
    print("|" + "---:|" * len(names))
    for row in rows:
        print("| " + " | ".join(str(row[name]) for name in names) + " |")


def show(row: dict) -> None:
    """Progress, on standard error."""
    print(row, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
