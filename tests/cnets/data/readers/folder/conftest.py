"""A small data set of one's own: three joints, five frames of a slope, and its truth."""

import json

import numpy as np
import pytest
from PIL import Image


CAMERA = (60.0, 61.0, 32.0, 24.0, 64, 48)
"""fx, fy, cx, cy, width, height."""

NAMES = ("palm", "tip", "thumb")

FRAMES = 5

DESCRIPTION = """
hand = "right"
[camera]
fx = 60.0
fy = 61.0
cx = 32.0
cy = 24.0
width = 64
height = 48
[frames]
folder = "depth"
unit_mm = 0.5
[table]
file = "table"
form = "csv"
[joints]
names = ["palm", "tip", "thumb"]
parents = ["", "palm", "palm"]
root = "palm"
axes = ["x", "-y", "z"]
columns = "{joint}_{axis}"
"""


def truth_mm():
    """Joints of all frames, y up; [frames, joints, 3]."""
    draw = np.random.default_rng(3)
    joints = draw.uniform(-40, 40, (FRAMES, len(NAMES), 3)).round(2)
    joints[..., 2] += 500
    return joints


def csv_text(joints_mm):
    """The table of a description that is not changed: y points down."""
    head = ["frame", *(f"{name}_{axis}" for name in NAMES for axis in "xyz")]
    rows = [
        [f"{row}.png", *map(str, (pose * [1, -1, 1]).round(4).ravel())]
        for row, pose in enumerate(joints_mm)
    ]
    return "\n".join(",".join(row) for row in [head, *rows]) + "\n"


class Own:
    """A folder that tests change."""

    def __init__(self, root):
        """Frames, table and description."""
        self.root, self.toml, self.joints_mm = root, DESCRIPTION, truth_mm()
        (root / "depth").mkdir(parents=True)
        for row in range(FRAMES):
            steps = np.full((48, 64), 900 + 10 * row, np.uint16)
            steps[:10] = 0
            Image.fromarray(steps).save(root / "depth" / f"{row}.png")
        self.write(csv_text(self.joints_mm))

    def write(self, table, **changes):
        """The table, and the description with some texts replaced by others."""
        content = table if isinstance(table, bytes) else table.encode()
        (self.root / "table").write_bytes(content)
        return self.describe(*changes.items())

    def describe(self, *changes):
        """The description with some texts replaced; each must be in it."""
        text = self.toml
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (self.root / "dataset.toml").write_text(text)
        return self.root

    def names(self):
        """Names of the frames, as a table has them."""
        return [f"{row}.png" for row in range(FRAMES)]

    def coco(self, keypoints):
        """A COCO file with these numbers a frame; None has no annotation."""
        images = [{"id": 7 + n, "file_name": f} for n, f in enumerate(self.names())]
        marks = [
            {"id": n, "image_id": 7 + n, "keypoints": list(map(float, held))}
            for n, held in enumerate(keypoints)
            if held is not None
        ]
        return json.dumps({"images": images, "annotations": marks})


@pytest.fixture
def own(tmp_path):
    """The folder, described and sound."""
    return Own(tmp_path / "own")
