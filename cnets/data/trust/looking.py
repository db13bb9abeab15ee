"""Some frames of a data set, each looked at once: what is measured on them.

Which frames is drawn from a seed, in short runs, so that neighbours that are the
same can be seen. No verdict is given here; `findings.py` does.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets.cameras import Camera
from cnets.data.crops import centre, rendered_centres
from cnets.data.crops.crop import FrameMm, Uvd
from cnets.data.files import depth_files, file_bytes, frame_files
from cnets.data.files.frame_files import FrameForm
from cnets.data.readers.labels import Labels
from cnets.data.readers.recording import Recording
from cnets.data.readers.unlabelled import UnlabelledFrames
from cnets.data.splits import UNUSED
from cnets.data.trust import measures
from cnets.hands.skeleton import Skeleton


RUN = 4
"""Frames that follow each other in a sample."""

SEED = 14
"""Seed of every sample."""

FOUND_ROWS = 64
"""Frames of a rendered set in which the centre is looked for, spread over the set."""

GRID = 64
"""Places along each side of a frame that are compared with other frames."""

Progress = Callable[[int, int], None]
"""Called with the frames that are done and the frames there will be."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """Frames on disk with what is said about them; arrays have one row a frame."""

    name: str
    files: tuple[Path, ...]
    camera: Camera
    hand: str = "right"
    """Which hand they show, as they lie on disk."""
    skeleton: Skeleton | None = None
    joints_uvd: np.ndarray | None = None
    """float64 [frames, joints, 3], NaN where not known; None without labels."""
    centres_uvd: np.ndarray | None = None
    """float32 [frames, 3]; None, or NaN in a row: found in the frame."""
    centres: str = "depth"
    """Where those come from, as `HandData.centres` has it."""
    background_mm: np.ndarray | None = None
    form: FrameForm | None = None
    turned: np.ndarray | None = None
    """bool [frames], which frames show the other hand than `hand`; None: none."""
    parts: np.ndarray | None = None
    """int8 [frames], split of each by the set's default; None: all are one part."""

    def read(self, row: int) -> FrameMm:
        """One frame as it lies on disk, with its background.

        Raises:
            ValueError: If it is missing or damaged.
        """
        return frame_files.read(self.files[row], self.form)

    def cut(self, row: int, frame_mm: FrameMm) -> FrameMm:
        """The frame as it is cropped: without its background."""
        if self.background_mm is None:
            return frame_mm
        return np.where(frame_mm < self.background_mm[row], frame_mm, np.float32(0))

    def centre(self, row: int, cut_mm: FrameMm) -> Uvd:
        """The centre of a frame's crop: given, or found in the frame that was cut."""
        given = None if self.centres_uvd is None else self.centres_uvd[row]
        if given is not None and np.isfinite(given).all():
            return given
        return centre.find(cut_mm, self.camera)


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What one frame showed."""

    row: int
    size: tuple[int, int]
    """Width and height, pixels."""
    known: np.ndarray
    """bool [joints], which joints have a label."""
    on_hand: np.ndarray
    """bool [joints], which lie on or beside a pixel of the hand."""
    in_cube: np.ndarray
    """bool [joints], which the cube of the crop holds."""
    centre_uvd: np.ndarray
    hand_mm: tuple[float, float]
    """Depth that 1 % and 99 % of the cube's pixels are nearer than; NaN if none."""
    area_mm2: float
    """Surface in the cube."""
    nearest_mm: float
    """Depth that 1 % of the frame's pixels are nearer than; NaN if nothing is seen."""
    swapped: bool
    """Whether the bytes of the file seem to be in the wrong order."""
    digest: str
    """SHA-256 of the file."""
    grid: np.ndarray
    """float32 [GRID * GRID], depths spread over the frame."""

    @property
    def shows_hand(self) -> bool:
        """Whether there is enough in the cube for a hand."""
        return self.area_mm2 >= measures.LEAST_MM2


def of_recording(recording: Recording) -> Frames:
    """The frames of a recorded set."""
    points, camera = recording.joints_mm.astype(np.float64), recording.camera
    return Frames(
        name=recording.name,
        files=recording.files,
        camera=camera,
        hand=recording.hand,
        skeleton=recording.skeleton,
        joints_uvd=measures.pixels_uvd(points, camera),
        centres_uvd=recording.centres_uvd,
        centres=recording.centres,
        background_mm=recording.background_mm,
        form=recording.form,
        turned=recording.turned,
        parts=next(iter(recording.splits.values()), None),
    )


def of_labels(labels: Labels, name: str) -> Frames:
    """Labels whose frames are rendered: there are no files to look at."""
    points, camera = labels.joints_mm.astype(np.float64), labels.camera
    centres_mm = labels.centres_mm
    if labels.centres == "depth":
        centres_mm = np.full_like(centres_mm, np.nan)
        for row in np.linspace(0, len(points) - 1, FOUND_ROWS).astype(int):
            part = slice(row, row + 1)
            centres_mm[part] = rendered_centres.found_mm(labels, part)
    return Frames(
        name=name,
        files=(),
        camera=camera,
        skeleton=labels.skeleton,
        joints_uvd=measures.pixels_uvd(points, camera),
        centres_uvd=measures.pixels_uvd(centres_mm, camera),
        centres=labels.centres,
    )


def of_unlabelled(found: UnlabelledFrames) -> Frames:
    """Frames without labels."""
    place = str(found.files[0].parent)
    return Frames(name=place, files=found.files, camera=found.camera, form=found.form)


def sample(frames: Frames, wanted: int, seed: int = SEED) -> np.ndarray:
    """Rows to look at, ascending: all, or runs of `RUN` by chance, as many of each split.

    A row whose file is not there is passed over; readers have refused or counted it.

    Args:
        frames: The set.
        wanted: Most frames to look at, 1 or more.
        seed: Which choice of frames.
    """
    draw = np.random.default_rng(seed)
    parts, left, rows = _parts(frames), wanted, []
    for place, part in enumerate(sorted(parts, key=len)):
        chosen = _runs(part, left // (len(parts) - place), draw)
        left -= len(chosen)
        rows.extend(chosen)
    return np.array([row for row in sorted(rows) if frames.files[row].is_file()], int)


def _parts(frames: Frames) -> list[np.ndarray]:
    """Rows of each part of a set; frames that are in no split are not looked at."""
    every = np.arange(len(frames.files))
    if frames.parts is None or (frames.parts == UNUSED).all():
        return [every]
    kinds = [kind for kind in np.unique(frames.parts) if kind != UNUSED]
    return [every[frames.parts == kind] for kind in kinds]


def _runs(rows: np.ndarray, wanted: int, draw: np.random.Generator) -> np.ndarray:
    """All rows, or runs of `RUN` of them."""
    count = len(rows)
    if wanted >= count:
        return rows
    runs = draw.choice(-(-count // RUN), -(-wanted // RUN), replace=False)
    places = (np.sort(runs)[:, None] * RUN + np.arange(RUN)).ravel()
    return rows[places[places < count][:wanted]]


def look(
    frames: Frames, rows: np.ndarray, progress: Progress | None = None
) -> list[Look]:
    """Look at some frames.

    Raises:
        ValueError: If one is missing or damaged.
    """
    looks = []
    for number, row in enumerate(rows):
        looks.append(_look(frames, int(row)))
        if progress is not None:
            progress(number + 1, len(rows))
    return looks


def _look(frames: Frames, row: int) -> Look:
    frame_mm, camera = frames.read(row), frames.camera
    joints = np.zeros((0, 3)) if frames.joints_uvd is None else frames.joints_uvd[row]
    cut_mm = frames.cut(row, frame_mm)
    about = frames.centre(row, cut_mm)
    held = measures.hand_mm(cut_mm, about, camera)
    seen = frame_mm[frame_mm > 0]
    height, width = frame_mm.shape
    grid = np.ix_(*(np.linspace(0, n - 1, GRID).astype(int) for n in (height, width)))
    data = file_bytes.first(frames.files[row], depth_files.MOST_BYTES)
    return Look(
        row=row,
        size=(width, height),
        known=np.asarray(np.isfinite(joints).all(1)),
        on_hand=measures.on_hand(frame_mm, joints, camera),
        in_cube=measures.in_cube(joints, about, camera),
        centre_uvd=about,
        hand_mm=_range(held),
        area_mm2=measures.area_mm2(held, camera),
        nearest_mm=_range(seen)[0],
        swapped=measures.is_swapped(frame_mm),
        digest=hashlib.sha256(data).hexdigest(),
        grid=frame_mm[grid].ravel(),
    )


def _range(depths_mm: np.ndarray) -> tuple[float, float]:
    if not len(depths_mm):
        return np.nan, np.nan
    nearest, farthest = np.percentile(depths_mm, (1, 99))
    return float(nearest), float(farthest)
