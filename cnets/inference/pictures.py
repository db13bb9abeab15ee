"""Pictures of crops and joints, as arrays and PNG files.

Near is bright and background dark, which reads better on a page than the
networks' own sign.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


TILE_PX = 128
"""Least side of a crop in a picture; smaller ones are enlarged."""

FRAME_DEPTH_MM = 500.0
"""Depth over which a whole frame goes from bright to dark."""

COLOURS = (
    (240, 90, 90),
    (250, 190, 60),
    (110, 210, 100),
    (80, 160, 250),
    (220, 120, 240),
)
"""One colour a finger, in the order in which the bones come."""

GREY = (200, 200, 200)

Picture = np.ndarray
"""uint8 [height, width, 3]."""


def of_depth(crop: np.ndarray) -> Picture:
    """A crop in grey, enlarged to `TILE_PX` if it is smaller.

    Args:
        crop: Values in [-1, 1], [side, side].
    """
    bright = np.rint((1 - np.clip(crop.astype(np.float32), -1, 1)) * 127.5)
    times = max(1, TILE_PX // len(crop))
    large = bright.astype(np.uint8).repeat(times, 0).repeat(times, 1)
    return np.stack([large] * 3, -1)


def of_frame(frame_mm: np.ndarray) -> Picture:
    """A whole depth frame in grey, centred on a square of `TILE_PX`.

    What is nearest is brightest, and what lies half a metre behind it dark.

    Args:
        frame_mm: Millimetres, 0 where nothing was seen, [height, width].
    """
    seen = frame_mm > 0
    nearest = np.percentile(frame_mm[seen], 1) if seen.any() else 0.0
    bright = np.clip(1 - (frame_mm - nearest) / FRAME_DEPTH_MM, 0, 1) * seen
    image = Image.fromarray(np.rint(bright * 255).astype(np.uint8))
    image.thumbnail((TILE_PX, TILE_PX))
    page = Image.new("L", (TILE_PX, TILE_PX), 0)
    page.paste(image, ((TILE_PX - image.width) // 2, (TILE_PX - image.height) // 2))
    return np.stack([np.asarray(page)] * 3, -1)


def without_hand(frame_mm: np.ndarray, side_px: int) -> Picture:
    """A whole depth frame on a square, crossed out and with words on it.

    Args:
        frame_mm: Millimetres, 0 where nothing was seen, [height, width].
        side_px: Side of the square.
    """
    image = Image.fromarray(of_frame(frame_mm)).resize((side_px, side_px))
    draw, last = ImageDraw.Draw(image), side_px - 1
    for ends in ((0, 0, last, last), (0, last, last, 0)):
        draw.line(ends, fill=GREY, width=1)
    draw.text((4, 4), "no hand", fill=COLOURS[0])
    return np.asarray(image)


def with_joints(
    picture: Picture, joints_px: np.ndarray, bones: Sequence[tuple[int, int]]
) -> Picture:
    """The picture with bones and joints drawn over it, a colour a finger.

    Args:
        picture: Not changed.
        joints_px: u and v in the picture's pixels, [joints, 2]; a joint of NaN is
            not drawn.
        bones: Pairs of joints to connect.
    """
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    width, known = (
        max(1, len(picture) // 80),
        np.all(np.isfinite(joints_px), axis=1).tolist(),
    )
    for (first, second), colour in zip(bones, colours(bones), strict=True):
        if known[first] and known[second]:
            ends = [tuple(map(float, joints_px[joint])) for joint in (first, second)]
            draw.line(ends, fill=colour, width=width)
    for joint in {joint for bone in bones for joint in bone if known[joint]}:
        u, v = map(float, joints_px[joint])
        draw.ellipse((u - width, v - width, u + width, v + width), fill=(255, 255, 255))
    return np.asarray(image)


def colours(bones: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """A colour for each bone: chains of bones that follow each other share one."""
    found: list[tuple[int, int, int]] = []
    chain, last = -1, None
    for first, second in bones:
        if first != last:
            chain += 1
        found.append(COLOURS[chain] if chain < len(COLOURS) else GREY)
        last = second
    return found


def grid(tiles: Sequence[Picture], columns: int) -> Picture:
    """Tiles of one size side by side, row after row; missing ones are black."""
    height, width, _ = tiles[0].shape
    rows = -(-len(tiles) // columns)
    page = np.zeros((rows * height, columns * width, 3), np.uint8)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, columns)
        page[
            row * height : (row + 1) * height, column * width : (column + 1) * width
        ] = tile
    return page


def check_png(path: Path, argument: str) -> None:
    """Refuse a picture that could not be written, before anything is computed.

    A file that is there and no PNG by its name is nobody's picture: it stays.

    Args:
        path: Where it is to be written.
        argument: What named it, for the error.

    Raises:
        ValueError: If it is no PNG file in a folder that exists.
    """
    try:
        file = path.suffix.lower() == ".png" and not path.is_dir()
        inside = path.parent.is_dir()
    except OSError as error:  # such as a name that is too long
        raise ValueError(
            f"`{argument}` must name a PNG file: {path}: {error.strerror}."
        ) from error
    if not file:
        raise ValueError(f"`{argument}` must name a PNG file, got {str(path)!r}.")
    if not inside:
        raise ValueError(
            f"`{argument}` must lie in a folder that exists, got {str(path)!r}."
        )


def save_png(path: Path, picture: Picture) -> None:
    """Write a picture.

    Raises:
        ValueError: If the file cannot be written.
    """
    try:
        Image.fromarray(picture).save(path, "PNG")
    except OSError as error:
        raise ValueError(
            f"`out` must be a file to write, got {str(path)!r}."
        ) from error
