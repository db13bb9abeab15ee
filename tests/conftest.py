"""Fixtures shared by every test."""

import os
import signal
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from cnets.cameras import CAMERAS, Camera
from cnets.hands import hand, render, sensor
from cnets.hands.skeleton import HAND21


REALDATA = Path(__file__).parents[2] / "shared" / "realdata"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --device cuda` runs the same tests on the GPU."""
    parser.addoption("--device", default="cpu")


@pytest.fixture
def device(request: pytest.FixtureRequest) -> torch.device:
    """Where the test's tensors live."""
    return torch.device(request.config.getoption("--device"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c() -> None:
    """A shell that runs the tests in the background has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _no_power_cut() -> Iterator[None]:
    """No test waits for the disk: what `fsync` does shows after a power cut only.

    A handle must be one still. Processes that tests start do wait.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)
        yield


@pytest.fixture(autouse=True, scope="session")
def _spool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test leaves rows in the home folder when its store fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSNETS_SPOOL", str(tmp_path_factory.mktemp("spool")))
        yield


@pytest.fixture
def realdata() -> Path:
    """The folder of real data, which is not part of the project."""
    if not REALDATA.is_dir():
        pytest.skip("real data are missing: no folder ../shared/realdata")
    return REALDATA


ICVL_JOINTS = [0, 17, 18, 20, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16]
"""Joints of a hand of 21 that stand for those of ICVL."""


@dataclass
class Scene:
    """Rendered hands in front of a camera, to be spoilt and written as a native set."""

    kind: str
    """`msra`, `icvl` or `nyu`."""
    camera: Camera
    joints_mm: np.ndarray
    """float64 [frames, joints, 3], camera frame, y up."""
    frames_mm: list[np.ndarray]
    """Whole millimetres, 0 where nothing was seen."""
    uvd: np.ndarray
    """The same joints in pixels; these are written for `icvl` and `nyu`."""
    centres: np.ndarray | None = None
    """Written as a file of centres, if there are any."""

    def write(self, root: Path) -> str:
        """The set on disk; returns the name under which it is opened."""
        {"msra": _write_msra, "icvl": _write_icvl, "nyu": _write_nyu}[self.kind](
            self, root
        )
        if self.centres is None:
            return f"{self.kind}:{root}"
        np.savetxt(root / "center_test.txt", self.centres, fmt="%.6f")
        return f"{self.kind}+file:{root}"


@pytest.fixture(scope="session")
def scene() -> Callable[..., Scene]:
    """Makes hands of one person at a random place, as a sensor sees them."""

    def make(kind: str, seed: int, frames: int = 20, *, hand: str = "") -> Scene:
        camera = CAMERAS[kind]
        left = (hand or ("left" if kind == "icvl" else "right")) == "left"
        joints = _hands(seed, frames, camera) * ([-1, 1, 1] if left else [1, 1, 1])
        seen = [_frame(one, camera, left) for one in joints]
        if kind == "icvl":
            joints = joints[:, ICVL_JOINTS]
        if kind == "nyu":
            joints = _joints36(joints)
        x, y, z = np.moveaxis(joints, -1, 0)
        u, v = camera.cx + x * camera.fx / z, camera.cy - y * camera.fy / z
        return Scene(kind, camera, joints, seen, np.stack([u, v, z], -1))

    return make


def _hands(seed: int, frames: int, camera: Camera) -> np.ndarray:
    """21 joints of one right hand that moves about a place in the image."""
    torch.manual_seed(seed)
    draw, random = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    persons, angles = hand.draw_persons(1, draw), hand.draw_angles(frames, draw)
    joints = hand.joints(persons, torch.zeros(frames, dtype=torch.long), angles)
    farthest = 400 if camera == CAMERAS["icvl"] else 600  # its test frames end at 500
    z = random.uniform(300, farthest) * camera.fx / CAMERAS["msra"].fx
    half = np.array([camera.width_px / camera.fx, camera.height_px / camera.fy]) * z / 2
    place = random.uniform(-1, 1, 2) * np.maximum(half - 120, 0)
    moves = np.append(place, z) + random.normal(0, 10, (frames, 1, 3))
    return (joints - joints.mean(1, keepdim=True)).numpy() + moves


def _frame(joints_mm: np.ndarray, camera: Camera, left: bool) -> np.ndarray:
    """What a sensor sees of one hand."""
    width, z = camera.width_px, 250 * camera.fx / camera.width_px
    x = (width / 2 - camera.cx) * z / camera.fx
    y = (camera.cy - width / 2) * z / camera.fy
    points = torch.tensor(joints_mm[None])
    flesh = HAND21.flesh(points, HAND21.scale(points))
    depth = render.render(
        *(part.float() for part in flesh),
        centre_mm=torch.tensor([[x, y, z]]).float(),
        camera=camera,
        side_px=width,
    )
    seed = int(abs(joints_mm[0, 0]) * 1000) % 2**31 + left
    noise = torch.Generator().manual_seed(seed)
    seen = sensor.observe(depth, noise, sensor_px=torch.ones(1))
    return np.round(seen[0].numpy()[: camera.height_px])


def _joints36(joints: np.ndarray) -> np.ndarray:
    """The joints of NYU from those of a hand of 21, tips first."""
    j = np.moveaxis(joints, 1, 0)
    parts = []
    for finger in (3, 2, 1, 0, 4):
        base, *rest = j[4 * finger + 1 : 4 * finger + 5]
        tip, far, near = rest[::-1]
        parts += [tip, (tip + far) / 2, far, (far + near) / 2, near, base]
    wrist = j[0]
    sides = [wrist * 0.85 + j[13] * 0.15, wrist * 0.85 + j[1] * 0.15]
    palm = (wrist + j[5]) / 2
    parts += [*sides, palm, palm * 0.6 + j[13] * 0.4, palm * 0.6 + j[1] * 0.4, wrist]
    return np.stack(parts, 1)


def _write_msra(scene: Scene, root: Path) -> None:
    """Three subjects, so that any count of frames can be split."""
    points = scene.joints_mm * [1, 1, -1]
    for subject, rows in enumerate(np.array_split(np.arange(len(points)), 3)):
        folder = root / f"P{subject}" / "1"
        folder.mkdir(parents=True)
        lines = [" ".join(f"{n:.4f}" for n in points[row].ravel()) for row in rows]
        (folder / "joint.txt").write_text("\n".join([str(len(rows)), *lines, ""]))
        for number, row in enumerate(rows):
            height, width = scene.frames_mm[row].shape
            head = struct.pack("<6i", width, height, 0, 0, width, height)
            data = head + scene.frames_mm[row].astype("<f4").tobytes()
            (folder / f"{number:06d}_depth.bin").write_bytes(data)


def _write_icvl(scene: Scene, root: Path) -> None:
    """A test set."""
    folder = root / "Testing" / "Depth" / "seq"
    folder.mkdir(parents=True)
    lines = []
    for row, depth in enumerate(scene.frames_mm):
        held = np.where(depth == 0, 32001, depth).astype(np.uint16)
        Image.fromarray(held).save(folder / f"image_{row:04d}.png", compress_level=1)
        numbers = " ".join(f"{n:.4f}" for n in scene.uvd[row].ravel())
        lines.append(f"seq/image_{row:04d}.png {numbers}")
    (root / "Testing" / "labels.txt").write_text("\n".join([*lines, ""]))


def _write_nyu(scene: Scene, root: Path) -> None:
    """A test set."""
    folder = root / "test"
    folder.mkdir(parents=True)
    for row, depth in enumerate(scene.frames_mm):
        held = np.where(depth == 0, 2001, depth).astype(np.uint16)
        rgb = np.stack([held * 0, held >> 8, held & 255], -1).astype(np.uint8)
        name = f"depth_1_{row + 1:07d}.png"
        Image.fromarray(rgb).save(folder / name, compress_level=1)
    savemat(folder / "joint_data.mat", {"joint_uvd": scene.uvd[None]})
