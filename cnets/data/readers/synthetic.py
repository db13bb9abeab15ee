"""The embedded data: random poses of random persons, the same on every machine."""

import numpy as np
import torch

from cnets.cameras import CAMERAS
from cnets.data import splits
from cnets.data.readers.labels import Labels
from cnets.hands import hand
from cnets.hands.skeleton import HAND21


PERSONS = 20
"""Persons in the set; each has an equal share of the frames, in one run."""

SEED = 1702_03431
"""Seed of persons and poses."""

CENTRE_STD_MM = 2.5
"""Spread of the crop's centre about the middle of the joints, along each axis."""


def labels(frames: int) -> Labels:
    """Poses of the embedded set.

    Args:
        frames: How many, at least one a person.

    Raises:
        ValueError: If `frames` is too small.
    """
    if not frames >= PERSONS:
        raise ValueError(
            f"`data` synthetic needs {PERSONS} frames or more, got {frames}."
        )
    generator = torch.Generator().manual_seed(SEED)
    persons = hand.draw_persons(PERSONS, generator)
    person = torch.arange(frames) * PERSONS // frames
    angles = hand.draw_angles(frames, generator)
    joints = hand.joints(persons, person, angles)
    jitter = CENTRE_STD_MM * torch.randn(
        frames, 3, generator=generator, dtype=torch.float64
    )
    who = person.numpy().astype(np.int32)
    return Labels(
        skeleton=HAND21,
        camera=CAMERAS["nyu"],
        joints_mm=joints.float().numpy(),
        centres_mm=(joints.mean(1) + jitter).float().numpy(),
        thickness=persons.thickness[person].float().numpy(),
        person=who,
        splits={"person": splits.by_person(who)},
    )
