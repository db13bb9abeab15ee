"""Pictures of a data set's crops, with joints over them and beside rendered images.

Which pixel has which colour is decided in `pictures`; files are written there too.
"""

import numpy as np
import torch
from PIL import Image, ImageDraw

from cnets import geometry
from cnets.data.files import frame_files
from cnets.data.hand_data import HandData
from cnets.inference import pictures
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane


COLUMNS = 8
"""Frames in a row of the picture."""

SHEET_COLUMNS = 10
"""Crops in a row of a contact sheet."""

PICTURE_FRAMES = 4
"""Frames in a strip of pictures."""


def page(data: HandData, rows: np.ndarray) -> pictures.Picture:
    """Rows of frames if there are any, of crops, and of crops with their joints."""
    plain = [pictures.of_depth(crop) for crop in data.crops[rows]]
    drawn = joints(data, rows, torch.tensor(data.joints_mm[rows]), plain)
    frames = [
        pictures.of_frame(frame_files.read(data.files[row], data.form))
        for row in (rows if data.files else ())
    ]
    tiles, columns = [], min(COLUMNS, len(rows))
    for start in range(0, len(rows), columns):
        part = slice(start, start + columns)
        blank = [np.zeros_like(plain[0])] * (columns - len(plain[part]))
        for row in (frames, plain, drawn) if frames else (plain, drawn):
            tiles += [*row[part], *blank]
    return pictures.grid(tiles, columns)


def sheet(crops: np.ndarray) -> pictures.Picture:
    """Crops in their order, row after row, each with its number from 1 on.

    Args:
        crops: [frames, side, side], in [-1, 1].
    """
    tiles = []
    for number, crop in enumerate(crops, 1):
        image = Image.fromarray(pictures.of_depth(crop))
        ImageDraw.Draw(image).text((4, 2), str(number), fill=pictures.COLOURS[1])
        tiles.append(np.asarray(image))
    return pictures.grid(tiles, min(SHEET_COLUMNS, len(tiles)))


def joints(
    data: HandData,
    rows: np.ndarray,
    joints_mm: torch.Tensor,
    under: list[pictures.Picture],
) -> list[pictures.Picture]:
    """Pictures with joints over them.

    Args:
        data: Gives camera, crops' centres and bones.
        rows: The frames.
        joints_mm: Their joints, labelled or predicted.
        under: A picture of each crop.
    """
    centres = torch.tensor(data.centres_mm[rows])
    pixels = geometry.to_crop_pixels(joints_mm, centres, data.camera, len(under[0]))
    bones = data.skeleton.bones
    return [
        pictures.with_joints(picture, places.numpy(), bones)
        for picture, places in zip(under, pixels, strict=True)
    ]


def strip(bank: Bank, lane: Lane) -> np.ndarray:
    """Pictures of validation frames: measured, rendered, random, joints.

    Returns:
        uint8 [height, width, 3], one column a frame; a random picture is
        rendered from the mean of two frames' codes.
    """
    rows = bank.data.rows("validation")
    rows = rows[np.linspace(0, len(rows) - 1, PICTURE_FRAMES).astype(int)]
    codes = bank.judge.codes(lane, rows)
    mixed = codes.roll(1, 0).lerp(codes, 0.5)
    plain = [
        [pictures.of_depth(crop.numpy()[0]) for crop in crops]
        for crops in (
            bank.frames.depth(rows).cpu(),
            bank.judge.render(lane, codes),
            bank.judge.render(lane, mixed),
        )
    ]
    drawn = joints(bank.data, rows, bank.judge.predict(lane, rows), plain[0])
    return pictures.grid([*plain[0], *plain[1], *plain[2], *drawn], len(rows))
