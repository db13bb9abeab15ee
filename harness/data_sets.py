"""A look at a data set before a search: what it has, and a picture of its frames.

How crops are made and kept is in `cnets/data`.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from cnets.data import counts
from cnets.data.counts import Counts
from cnets.data.crops.cache import Progress
from cnets.data.hand_data import HandData
from cnets.data.opening import open_data
from cnets.inference import crop_pictures, pictures


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A picture of some frames, as it was written."""

    out: Path
    frames: int
    """Frames in the picture."""
    total: int
    """Frames of the set."""
    counts: Counts
    """Frames of the set by what they are for."""
    notes: tuple[str, ...]
    """What was taken for granted."""


def facts(data: HandData) -> dict[str, Any]:
    """How many frames a data set has, of which kinds, and how large they are.

    Every frame is counted once: `train`, `validation` and `test` have labels.

    Raises:
        ValueError: If no frame can be used.
    """
    found = counts.check_any(data)
    return {
        "data": data.name,
        **{field.name: getattr(found, field.name) for field in fields(found)},
        "notes": list(data.notes),
        "side_px": data.side_px,
        "mebibytes": round((data.crops.nbytes + data.unlabelled.nbytes) / 2**20, 1),
        "fingerprint": data.fingerprint,
    }


def draw(
    spec: str,
    *,
    side_px: int,
    split: str | None,
    frames: int,
    out: Path,
    cache: Path,
    progress: Progress | None = None,
) -> Drawn:
    """Write a picture of some frames, plain and with their joints.

    Args:
        spec: The data set.
        side_px: Side of the crops.
        split: Name of the split.
        frames: How many frames, spread over the whole set.
        out: The PNG file.
        cache: Folder of prepared data.
        progress: Told how far the preparation is.

    Raises:
        ValueError: If an argument is wrong.
    """
    if not frames >= 1:
        raise ValueError(f"`frames` must be 1 or more, got {frames}.")
    pictures.check_png(out, "out")
    data = open_data(spec, side_px=side_px, split=split, cache=cache, progress=progress)
    rows = np.linspace(0, len(data.crops) - 1, min(frames, len(data.crops))).astype(int)
    pictures.save_png(out, crop_pictures.page(data, rows))
    return Drawn(
        out=out,
        frames=len(rows),
        total=len(data.crops),
        counts=counts.of(data),
        notes=data.notes,
    )
