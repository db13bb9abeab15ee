"""Pictures of whole depth frames with their labels, each under a title."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from cnets.inference import pictures


WIDTH_PX, TITLE_PX = 320, 30
"""Width of a frame in a picture, and height of the two lines above it."""

BRIGHTEST = 150
"""Grey of the nearest things; joints are white."""

DARK_MM = 300.0
"""How far behind the nearest thing a pixel is dark."""


def tile(
    frame_mm: np.ndarray,
    joints_px: np.ndarray | None,
    bones: Sequence[tuple[int, int]],
    title: tuple[str, str],
) -> pictures.Picture:
    """One frame, near things bright, with its joints and two lines of title.

    Args:
        frame_mm: Millimetres, 0 where nothing was seen, [height, width].
        joints_px: u and v of the joints in the frame, [joints, 2]; NaN where one is
            not known; None if there is no label.
        bones: Pairs of joints to connect.
        title: The two lines; what is too long for the tile is cut at its left.
    """
    height, width = frame_mm.shape
    scale = WIDTH_PX / width
    size = (WIDTH_PX, max(1, round(height * scale)))
    seen = frame_mm > 0
    nearest = np.percentile(frame_mm[seen], 1) if seen.any() else 0.0
    bright = np.clip(1 - (frame_mm - nearest) / DARK_MM, 0, 1) * seen
    grey = Image.fromarray(np.rint(bright * BRIGHTEST).astype(np.uint8)).resize(size)
    picture = np.stack([np.asarray(grey)] * 3, -1)
    if joints_px is not None:
        known = set(np.flatnonzero(np.isfinite(joints_px).all(1)))
        whole = [bone for bone in bones if known.issuperset(bone)]
        held = np.clip(joints_px * scale, -1e4, 1e4)
        picture = pictures.with_joints(picture, held, whole)
    page = Image.new("RGB", (WIDTH_PX, size[1] + TITLE_PX))
    page.paste(Image.fromarray(picture), (0, TITLE_PX))
    draw = ImageDraw.Draw(page)
    for row, line in enumerate(title):
        ascii_line = line.encode("ascii", "replace").decode()
        while ascii_line and draw.textlength(ascii_line) > WIDTH_PX - 8:
            ascii_line = ascii_line[1:]
        draw.text((4, 2 + row * TITLE_PX // 2), ascii_line, fill=(255, 255, 255))
    return np.asarray(page)
