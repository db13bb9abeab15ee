"""Rendered crops on disk: made once, memory-mapped by every trial.

A set lies in a folder named by the fingerprint of all it depends on. It is
written beside that place and renamed, so a folder with the name is whole; of
two processes that make it at once, the second to finish uses the first's. Each
set has the checksum of its crops beside it, which is compared on opening.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from cnets import geometry, render, sensor
from cnets.data.labels import Labels


VERSION = 1
"""Raised whenever the same labels would be rendered differently."""

CHUNK = 64
"""Frames that are rendered at once; noise is seeded by the chunk."""

CROPS, FACTS = "crops.npy", "facts.json"

Progress = Callable[[int, int], None]
"""Called with the frames that are done and the frames there will be."""


def fingerprint(labels: Labels, side_px: int) -> str:
    """SHA-256 of the labels and of every setting that the crops depend on."""
    digest = hashlib.sha256()
    facts = [VERSION, side_px, repr(labels.skeleton), repr(labels.camera)]
    digest.update(json.dumps(facts).encode())
    for array in (labels.joints_mm, labels.centres_mm, labels.thickness):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def crops(
    labels: Labels, side_px: int, cache: Path, progress: Progress | None = None
) -> np.ndarray:
    """Depth crops of the labels, rendered if the cache has none.

    Args:
        labels: The poses.
        side_px: Side of the crops.
        cache: Folder of the cache; made if it is missing.
        progress: Told how far the rendering is.

    Returns:
        float16 [frames, side, side], read-only and memory-mapped.

    Raises:
        ValueError: If the cache cannot be written, or holds another set under
            this name.
    """
    folder = cache / fingerprint(labels, side_px)[:32]
    if not folder.is_dir():
        try:
            _make(labels, side_px, folder, progress)
        except OSError as error:
            raise ValueError(
                f"`store` must be a folder that can be written, got {str(cache)!r}: "
                f"{error.strerror}."
            ) from error
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        found = np.load(folder / CROPS, mmap_mode="r", allow_pickle=False)
        same = facts["sha256"] == _sha256(folder / CROPS)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder} is damaged, delete it: {error}.") from error
    if not same:
        raise ValueError(f"{folder} is damaged, delete it: {CROPS} has changed.")
    return found


def _make(
    labels: Labels, side_px: int, folder: Path, progress: Progress | None
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        frames = len(labels.joints_mm)
        shape = (frames, side_px, side_px)
        array = np.lib.format.open_memmap(aside / CROPS, "w+", np.float16, shape)
        for start in range(0, frames, CHUNK):
            rows = slice(start, min(start + CHUNK, frames))
            array[rows] = _render(labels, side_px, rows)
            if progress is not None:
                progress(rows.stop, frames)
        array.flush()
        del array
        facts = {"version": VERSION, "sha256": _sha256(aside / CROPS)}
        (aside / FACTS).write_text(json.dumps(facts), encoding="utf-8")
        for name in (CROPS, FACTS):
            with (aside / name).open("rb+") as file:
                os.fsync(file.fileno())
        aside.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was first
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _render(labels: Labels, side_px: int, rows: slice) -> np.ndarray:
    """Crops of a few frames, with the noise of a sensor."""
    joints = torch.tensor(labels.joints_mm[rows]).double()
    centre = torch.tensor(labels.centres_mm[rows])
    thickness = torch.tensor(labels.thickness[rows]).double()
    flesh = labels.skeleton.flesh(joints, thickness)
    start, end, start_radius, end_radius = (part.float() for part in flesh)
    depth = render.render(
        start,
        end,
        start_radius,
        end_radius,
        centre_mm=centre,
        camera=labels.camera,
        side_px=side_px,
    )
    noise = torch.Generator().manual_seed(rows.start)
    _, _, sensor_px = geometry.crop_pixels(centre, labels.camera, side_px)
    seen = sensor.observe(depth, noise, sensor_px=sensor_px)
    return geometry.normalise_crop(seen, centre[:, 2])[:, 0].half().numpy()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
