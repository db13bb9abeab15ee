"""Pictures of validation frames while a run trains, and the baseline of the mean pose."""

import numpy as np

from cnets.config import TrainConfig
from cnets.data import HandData
from cnets.inference import pictures
from cnets.training.bank import Bank
from cnets.training.lanes import Lane
from harness import data_sets


def mean_pose_error(data: HandData, config: TrainConfig, split: str) -> float:
    """Error of always predicting the mean of the labelled poses, millimetres.

    The mean is taken relative to the centre of the crop, over the labels that
    the configuration may use.
    """
    labelled = data.labelled(config.labelled_ratio, config.label_seed)
    joints, rows = list(data.evaluated), data.rows(split)
    relative = data.joints_mm - data.centres_mm[:, None]
    mean = relative[labelled][:, joints].mean(0, dtype=np.float64)
    difference = relative[rows][:, joints] - mean
    return float(np.linalg.norm(difference, axis=-1).mean())


PICTURE_FRAMES = 4
"""Frames in a strip of pictures."""


def strip(bank: Bank, lane: Lane) -> np.ndarray:
    """Pictures of validation frames: measured, rendered, random, joints.

    Returns:
        uint8 [height, width, 3], one column a frame; a random picture is
        rendered from the mean of two frames' codes.
    """
    rows = bank.data.rows("validation")
    rows = rows[np.linspace(0, len(rows) - 1, PICTURE_FRAMES).astype(int)]
    codes = bank.codes(lane, rows)
    mixed = codes.roll(1, 0).lerp(codes, 0.5)
    plain = [
        [pictures.of_depth(crop.numpy()[0]) for crop in crops]
        for crops in (
            bank.frames.depth(rows).cpu(),
            bank.render(lane, codes),
            bank.render(lane, mixed),
        )
    ]
    drawn = data_sets.joints(bank.data, rows, bank.predict(lane, rows), plain[0])
    return pictures.grid([*plain[0], *plain[1], *plain[2], *drawn], len(rows))
