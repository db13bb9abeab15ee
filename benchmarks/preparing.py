"""How fast `data prepare` makes crops, beside the rate at which the disk reads.

Rendered hands are written as a data set in NYU's layout: 640x480 RGB PNG files
and `joint_data.mat`. Then the crops are made from nothing; before each run the
files are dropped from the page cache. With `--kills N` the same command is
killed N times at random moments and restarted, and its cache compared byte by
byte with that of the run that nobody disturbed.

The limit is decoding PNG: the disk reads the files faster than two cores can
inflate them.
"""

import argparse
import filecmp
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import scipy.io
import torch
from PIL import Image

from cnets import geometry
from cnets.data.readers import synthetic
from cnets.data.readers.labels import Labels
from cnets.hands import render


RENDERED_PX = 256
"""Side of the rendered patch that is pasted into a frame."""

NOTHING = 2001
"""What the sensor of NYU writes where it sees nothing."""

TRAIN_SHARE = 0.9


def write(folder: Path, frames: int) -> int:
    """Write the data set; returns the bytes of its images."""
    labels = synthetic.labels(frames)
    first = round(TRAIN_SHARE * frames)
    parts = {"train": slice(0, first), "test": slice(first, frames)}
    total = 0
    for name, rows in parts.items():
        inside = folder / name
        inside.mkdir(parents=True, exist_ok=True)
        _write_labels(inside, folder, name, labels, rows)
        for start in range(rows.start, rows.stop, 64):
            some = slice(start, min(start + 64, rows.stop))
            total += _write_frames(inside, labels, some, rows.start)
    return total


def _write_labels(
    inside: Path, folder: Path, name: str, labels: Labels, rows: slice
) -> None:
    """Labels of 36 joints, of which only the palm's place matters here."""
    joints = labels.joints_mm[rows][:, np.arange(36) % 21].copy()
    joints[:, 32] = labels.centres_mm[rows]
    pixels = geometry.to_pixels(torch.from_numpy(joints), labels.camera).numpy()
    uvd = np.concatenate([pixels, joints[..., 2:]], -1)
    tables = {"joint_xyz": np.stack([joints] * 3), "joint_uvd": np.stack([uvd] * 3)}
    scipy.io.savemat(inside / "joint_data.mat", tables)
    centres = {"center_uvd": uvd[:, 32].astype(np.float32)}
    scipy.io.savemat(folder / f"center_uvd_{name}.mat", centres)


def _write_frames(inside: Path, labels: Labels, rows: slice, first: int) -> int:
    """Frames of a few poses: the rendered patch pasted into an empty image."""
    joints = torch.from_numpy(labels.joints_mm[rows])
    centres = torch.from_numpy(labels.centres_mm[rows])
    flesh = labels.skeleton.flesh(joints, torch.from_numpy(labels.thickness[rows]))
    depth = render.render(
        *flesh, centre_mm=centres, camera=labels.camera, side_px=RENDERED_PX
    )
    left, top, scale = geometry.crop_pixels(centres, labels.camera, RENDERED_PX)
    total = 0
    for k, patch in enumerate(depth.numpy()):
        frame = _pasted(patch, float(left[k]), float(top[k]), float(scale[k]))
        image = np.zeros((480, 640, 3), np.uint8)
        image[..., 1], image[..., 2] = frame >> 8, frame & 255
        path = inside / f"depth_1_{rows.start - first + k + 1:07d}.png"
        Image.fromarray(image).save(path, compress_level=4)
        total += path.stat().st_size
    return total


def _pasted(patch: np.ndarray, left: float, top: float, scale: float) -> np.ndarray:
    frame = np.full((480, 640), NOTHING, np.int32)
    row = np.floor((np.arange(480) + 0.5 - top) / scale).astype(int)
    column = np.floor((np.arange(640) + 0.5 - left) / scale).astype(int)
    rows, columns = (
        np.flatnonzero((places >= 0) & (places < len(patch)))
        for places in (row, column)
    )
    seen = np.rint(patch[np.ix_(row[rows], column[columns])]).astype(np.int32)
    frame[np.ix_(rows, columns)] = np.where(seen > 0, seen, NOTHING)
    return frame


def forget(folder: Path) -> list[Path]:
    """Drop a folder's images from the page cache, as far as the system allows."""
    os.sync()
    paths = sorted(folder.rglob("*.png"))
    for path in paths:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return paths


def read_rate(folder: Path) -> float:
    """Seconds to read every image once, as bytes, with a thread a core."""
    paths = forget(folder)
    start_s = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(Path.read_bytes, paths, chunksize=64):
            pass
    return time.perf_counter() - start_s


def command(folder: Path, store: Path, side_px: int) -> list[str]:
    """`crossnets data prepare` on the data set."""
    words = ["data", "prepare", f"nyu:{folder}", "--side", str(side_px)]
    run = "import sys; from harness.commands.cli import main; sys.exit(main())"
    return [
        sys.executable,
        "-c",
        run,
        *words,
        "--store",
        str(store),
        "--format",
        "json",
    ]


def killed(
    folder: Path, store: Path, side_px: int, kills: int, made_s: float, start_s: float
) -> int:
    """Kill the command at random moments, then let it end; returns the kills.

    Together the runs before the last get through about half of the frames.
    """
    draw, done = random.Random(0), 0
    for _ in range(kills):
        process = subprocess.Popen(
            command(folder, store, side_px),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(timeout=start_s + draw.uniform(0, made_s / kills))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            done += 1
    subprocess.run(command(folder, store, side_px), check=True, capture_output=True)
    return done


def same(first: Path, second: Path) -> bool:
    """Whether two caches hold the same files with the same bytes."""
    there, here = (
        sorted(p.relative_to(store) for p in store.rglob("*") if p.is_file())
        for store in (first, second)
    )
    return there == here and all(
        filecmp.cmp(first / path, second / path, shallow=False) for path in there
    )


def main() -> None:
    """Write, prepare, kill, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--folder", help="where to work; default: a temporary folder")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    root = Path(options.folder or tempfile.mkdtemp(prefix="crossnets-preparing-"))
    data = root / f"nyu-{options.frames}"
    if not (data / "written").is_file():
        size = write(data, options.frames)
        (data / "written").write_text(str(size))
    size = int((data / "written").read_text())
    read_s = read_rate(data)
    forget(data)
    shutil.rmtree(root / "whole", ignore_errors=True)
    start_s = time.perf_counter()
    done = subprocess.run(
        command(data, root / "whole", options.side), check=True, capture_output=True
    )
    whole_s = time.perf_counter() - start_s
    made_s = json.loads(done.stdout)["seconds"]
    found = {
        "frames": options.frames,
        "side_px": options.side,
        "mebibytes": round(size / 2**20, 1),
        "frames_per_s": round(options.frames / made_s, 1),
        "disk_frames_per_s": round(options.frames / read_s, 1),
        "disk_mebibytes_per_s": round(size / 2**20 / read_s, 1),
        "share_of_disk_rate": round(read_s / made_s, 3),
        "command_s": round(whole_s, 1),
    }
    if options.kills:
        shutil.rmtree(root / "killed", ignore_errors=True)
        found["kills"] = killed(
            data,
            root / "killed",
            options.side,
            options.kills,
            made_s,
            whole_s - made_s,
        )
        found["identical"] = same(root / "whole", root / "killed")
    if options.folder is None:
        shutil.rmtree(root)
    if options.format == "json":
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            print(f"{name:>22}  {value}")


if __name__ == "__main__":
    main()
