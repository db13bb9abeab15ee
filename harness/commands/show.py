"""`crossnets data show`: what was read, as one picture."""

from pathlib import Path

import numpy as np

from cnets.data.crops.cache import Progress
from cnets.data.opening import open_data
from cnets.inference import crop_pictures, pictures


def draw(
    spec: str,
    *,
    side_px: int,
    split: str | None,
    frames: int,
    out: Path,
    cache: Path,
    progress: Progress | None = None,
) -> str:
    """Write a picture of some frames, plain and with their joints.

    Args:
        spec: The data set.
        side_px: Side of the crops.
        split: Name of the split.
        frames: How many frames, spread over the whole set.
        out: The PNG file.
        cache: Folder of prepared data.
        progress: Told how far the preparation is.

    Returns:
        What was drawn, in one line.

    Raises:
        ValueError: If an argument is wrong.
    """
    if not frames >= 1:
        raise ValueError(f"`frames` must be 1 or more, got {frames}.")
    if not out.parent.is_dir():
        raise ValueError(f"`out` must lie in a folder that exists, got {str(out)!r}.")
    data = open_data(spec, side_px=side_px, split=split, cache=cache, progress=progress)
    rows = np.linspace(0, len(data.crops) - 1, min(frames, len(data.crops))).astype(int)
    pictures.save_png(out, crop_pictures.page(data, rows))
    sizes = ", ".join(
        f"{len(data.rows(name))} {name}" for name in ("train", "validation", "test")
    )
    return f"{out}: {len(rows)} of {len(data.crops)} frames of {spec} ({sizes})."
