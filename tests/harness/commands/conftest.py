"""A small set of labels that is drawn at random, and predictions for it."""

from pathlib import Path

import numpy as np
import pytest


EVALUATED = [0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32]
"""Joints of NYU that the papers take errors over, of 36."""

FRAMES = 40
"""Frames of a small set whose labels are drawn at random."""


def in_mm(uvd: np.ndarray) -> np.ndarray:
    """Millimetres of the NYU camera, worked out without the package."""
    u, v, depth = np.moveaxis(uvd, -1, 0)
    return np.stack([(u - 320) * depth / 588.03, (240 - v) * depth / 587.07, depth], -1)


def write(path: Path, joints: np.ndarray) -> str:
    """A text file of predictions, every digit of each number in it."""
    rows = joints.reshape(len(joints), -1).tolist()
    path.write_text("\n".join(" ".join(map(repr, row)) for row in rows) + "\n")
    return str(path)


@pytest.fixture
def uvd() -> np.ndarray:
    """All 36 joints of the small set."""
    draw = np.random.default_rng(4)
    return draw.uniform([200, 150, 600], [400, 300, 800], (FRAMES, 36, 3))


@pytest.fixture
def labels(tmp_path, uvd) -> str:
    """The small set as the text of 14 joints."""
    (tmp_path / "labels").mkdir()
    path = tmp_path / "labels" / "nyu_test_groundtruth_label.txt"
    write(path, uvd[:, EVALUATED])
    return f"nyu:{path.parent}"


@pytest.fixture
def points(tmp_path, uvd) -> tuple[str, np.ndarray]:
    """Predictions in millimetres, and how far off each joint is, [frames, 14]."""
    draw = np.random.default_rng(5)
    errors_mm = draw.uniform(0, 5, (FRAMES, 14)) + draw.uniform(0, 50, (FRAMES, 1))
    errors_mm[3:5] = 1
    errors_mm[[3, 4], [5, 13]] = 20.3, 40.4
    way = draw.normal(size=(FRAMES, 14, 3))
    way *= errors_mm[..., None] / np.linalg.norm(way, axis=-1, keepdims=True)
    return write(tmp_path / "points.txt", in_mm(uvd[:, EVALUATED]) + way), errors_mm


@pytest.fixture
def rows(tmp_path, uvd) -> str:
    """Predictions in pixels and depth, 3 pixels to the right of the labels."""
    return write(tmp_path / "rows.txt", uvd[:, EVALUATED] + [3, 0, 0])


@pytest.fixture
def write_joints():
    """Writes joints as a text file of predictions; gives its path."""
    return write
