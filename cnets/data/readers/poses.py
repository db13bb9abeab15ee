"""Real poses from label files: the 36 joints of NYU as three tables u, v, d.

The depth images are rendered, so that labels alone are enough. A folder holds
`joint_1_u.csv`, `joint_1_v.csv` and `joint_1_d.csv`, plain or gzipped, in
itself or in its subfolder `joints36`; one line a frame, 36 numbers a line,
pixels and millimetres.
"""

from pathlib import Path

import numpy as np
import torch

from cnets import geometry
from cnets.cameras import CAMERAS
from cnets.data import splits
from cnets.data.files import label_files
from cnets.data.readers.labels import Labels
from cnets.hands.skeleton import NYU36


NYU_TEST_FRAMES, NYU_FIRST_PERSON = 8252, 2440
"""Rows of the NYU test set, and how many of them are the first person's."""

CENTRE_STD_MM = 2.5
"""Spread of the crop's centre about the palm, along each axis.

The centres that the authors used lie 4.2 mm from this joint on average; a
spread of 2.5 mm along each of three axes gives 4.0 mm.
"""

SEED = 36
"""Seed of that spread."""


def labels(folder: str) -> Labels:
    """The poses of a folder.

    Raises:
        ValueError: If the folder or a table is missing, empty, or damaged; the
            sentence names the file and the row.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"`data` must name a folder of poses, got {folder!r}.")
    uvd = torch.from_numpy(label_files.uvd_tables(root))
    joints = geometry.to_mm_from_uvd(uvd, CAMERAS["nyu"])
    draw = torch.Generator().manual_seed(SEED)
    jitter = CENTRE_STD_MM * torch.randn(
        len(joints), 3, generator=draw, dtype=torch.float64
    )
    frames = len(joints)
    person = np.zeros(frames, np.int32)
    if frames == NYU_TEST_FRAMES:
        person[NYU_FIRST_PERSON:] = 1
    ways = {"block": splits.blocks(person)}
    if person.any():
        ways["person"] = splits.last_person(person)
    return Labels(
        skeleton=NYU36,
        camera=CAMERAS["nyu"],
        joints_mm=joints.float().numpy(),
        centres_mm=(joints[:, NYU36.root] + jitter).float().numpy(),
        thickness=NYU36.scale(joints).float().numpy(),
        person=person,
        splits=ways,
    )
