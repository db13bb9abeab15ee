"""Which unit the depths of frames are likely in, from what is nearest in them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnets.data.files import depth_files


NEAREST_MM, FARTHEST_MM = 150.0, 1500.0
"""Between these depths a sensor sees hands."""

UNITS_MM = {
    0.125: "eighths of a millimetre",
    0.1: "tenths of a millimetre",
    0.001: "micrometres",
    10.0: "centimetres",
}
"""Units that sensors and programs write, besides the millimetre."""

LOOKED_AT = 20
"""Most frames that are read."""


def nearest(files: Sequence[Path]) -> float:
    """Depth of the nearest things in some of the frames, as the files have it.

    Args:
        files: Frames in one of the forms of `depth_files`, one at least.

    Returns:
        The median over frames of the nearest twentieth; 0 if they show nothing.

    Raises:
        ValueError: If one cannot be read.
    """
    some = np.unique(np.linspace(0, len(files) - 1, LOOKED_AT).astype(int))
    depths = []
    for row in some:
        frame = depth_files.read_any(files[row])
        seen = frame[frame > 0]
        depths.append(np.quantile(seen, 0.05) if len(seen) else 0.0)
    return float(np.median(depths))


def likely(depth: float) -> dict[float, str]:
    """Units in which something of this depth is in a hand's reach: words by size."""
    return {
        unit_mm: words
        for unit_mm, words in UNITS_MM.items()
        if NEAREST_MM <= depth * unit_mm <= FARTHEST_MM
    }


def cause(depth: float) -> str:
    """Why no hand may be in reach, in words.

    Args:
        depth: Depth of what is nearest, as the files have it.
    """
    if depth == 0:
        return "they hold no depth"
    if NEAREST_MM <= depth <= FARTHEST_MM or not likely(depth):
        return f"the nearest things are at {depth:.0f} mm"
    return f"depths look like {' or '.join(likely(depth).values())} ({depth:.0f})"
