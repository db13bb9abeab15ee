"""Native data sets of the size of a test: a square for a hand, and labels about it."""

import struct

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat


NOTHING = {"nyu": 2001, "icvl": 32001}
"""What a frame holds where nothing is."""

SLOPE_MM = np.arange(40)[:, None] // 2 - 10
"""By how much the square is nearer or farther; what is flat is all background."""


def joints_uvd(count, frames, u, v, depth_mm):
    """Joints in a circle about a place of the image, which turns from frame to frame."""
    angle = np.arange(count) * 2 * np.pi / count + np.arange(frames)[:, None] / 9
    uv = np.stack([u + 9 * np.cos(angle), v + 9 * np.sin(angle)], -1)
    depth = depth_mm + np.arange(count) / 4 + np.zeros((frames, 1))
    return np.concatenate([uv, depth[..., None]], -1)


def square(width, height, u, v, depth_mm, background):
    """A depth frame with a sloping square of 40 pixels."""
    frame = np.full((height, width), background, np.uint16)
    frame[v - 20 : v + 20, u - 20 : u + 20] = depth_mm + SLOPE_MM
    return frame


def written(first, others):
    """The same file under more names."""
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(first)


def write_rows(path, rows, heads=None):
    """Numbers as text, each row with a word before it."""
    lines = [" ".join(f"{n:.4f}" for n in np.ravel(row)) for row in rows]
    heads = heads or [""] * len(lines)
    path.write_text("".join(f"{h} {x}\n" for h, x in zip(heads, lines, strict=True)))


@pytest.fixture
def icvl_set(tmp_path):
    """An ICVL set of 210 frames for training and 6 for test."""
    root = tmp_path / "icvl"
    for part, folder, frames in (
        ("Training", "2014", 210),
        ("Testing", "test_seq_1", 6),
    ):
        names = [f"{folder}/image_{row:04d}.png" for row in range(frames)]
        depth = root / part / "Depth"
        (depth / folder).mkdir(parents=True)
        frame = square(320, 240, 150, 110, 350, NOTHING["icvl"])
        Image.fromarray(frame).save(depth / names[0])
        written(depth / names[0], [depth / name for name in names[1:]])
        uvd = joints_uvd(16, frames, 150, 110, 350)
        write_rows(root / part / "labels.txt", uvd, names)
    return root


@pytest.fixture
def msra_set(tmp_path):
    """An MSRA set of three subjects with 6 frames each."""
    root = tmp_path / "msra"
    uvd = joints_uvd(21, 6, 150, 110, 350)
    x = (uvd[..., 0] - 160) * uvd[..., 2] / 241.42
    y = (120 - uvd[..., 1]) * uvd[..., 2] / 241.42
    patch = (350 + np.broadcast_to(SLOPE_MM, (40, 40))).astype("<f4").tobytes()
    for subject in ("P0", "P1", "P2"):
        place = root / subject / "1"
        place.mkdir(parents=True)
        first = place / "000000_depth.bin"
        first.write_bytes(struct.pack("<6i", 320, 240, 130, 90, 170, 130) + patch)
        written(first, [place / f"{row:06d}_depth.bin" for row in range(1, 6)])
        write_rows(place / "joint.txt", np.stack([x, y, -uvd[..., 2]], -1))
        labels = place / "joint.txt"
        labels.write_text(f"6\n{labels.read_text()}")
    return root


@pytest.fixture
def nyu_set(tmp_path):
    """An NYU set of 210 frames for training and 6 for test."""
    root = tmp_path / "nyu"
    depth = square(640, 480, 300, 200, 700, NOTHING["nyu"])
    frame = np.stack([depth * 0, depth >> 8, depth & 255], -1).astype(np.uint8)
    for part, frames in (("train", 210), ("test", 6)):
        folder = root / part
        folder.mkdir(parents=True)
        first = folder / "depth_1_0000001.png"
        Image.fromarray(frame).save(first)
        written(first, [folder / f"depth_1_{n:07d}.png" for n in range(2, frames + 1)])
        uvd = joints_uvd(36, frames, 300, 200, 700)
        savemat(folder / "joint_data.mat", {"joint_uvd": uvd[None]})
    return root
