"""Files of centres, one a frame: found, read, and held against the labels.

Published files have u, v and depth, or x, y and z in millimetres with y up or down.
Which it is the labelled hands tell: of the right form they lie about the centres.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from cnets import geometry
from cnets.cameras import Camera
from cnets.data.files import label_files, matlab_files
from cnets.geometry import CUBE_MM


NEAREST_MM, FARTHEST_MM = 10.0, 1500.0
"""No hand's centre is nearer or farther, as in the search in the frame."""

NEAR_MM = CUBE_MM / 2
"""Farthest from the middles of the hands that half of the centres or more must lie."""

TIMES_NEARER = 4.0
"""How much nearer exchanged numbers must lie to be the right ones."""

PIXELS, UP, DOWN = "u, v and depth", "x, y up and z in mm", "x, y down and z in mm"
"""The forms that a file may have."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Centres:
    """Centres of the hands of some frames."""

    uvd: np.ndarray
    """float32 [frames, 3], pixels and millimetres; NaN where there is none."""
    lacking: np.ndarray
    """bool [frames]: frames that must not be used, as the file says."""
    source: str
    """Where they come from: `labels`, `file`, or `file and labels`."""
    notes: tuple[str, ...] = ()
    """What a person should know of how they were read."""

    def of_rows(self, rows: np.ndarray) -> "Centres":
        """The centres of some of the frames, in another order."""
        return replace(self, uvd=self.uvd[rows], lacking=self.lacking[rows])


def centres_file(folders: Iterable[Path], part: str | None) -> Path | None:
    """The file of centres of one part of a data set.

    Args:
        folders: Where to look, in this order.
        part: `train` or `test`, and the file's name says which; None is the whole set.

    Raises:
        ValueError: If a folder holds more than one such file.
    """
    for folder in folders:
        found = [
            path
            for path in sorted(folder.glob("*center*"))
            if path.name.endswith((".mat", ".txt", ".txt.gz"))
            and not path.name.startswith(".")
            and (part is None or part in path.name)
        ]
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise ValueError(f"{folder} must hold one file of centres, holds {names}.")
        if found:
            return found[0]
    return None


def find(folders: Iterable[Path], part: str, *, alone: bool) -> Path:
    """The file of centres that was asked for.

    Args:
        folders: Where to look.
        part: Which part of the data set; a file's name says it.
        alone: Whether there is no other part, so that the name need not say it.

    Raises:
        ValueError: If there is none, or more than one.
    """
    places = list(folders)
    found = centres_file(places, part)
    if found is None and alone:
        found = centres_file(places, None)
    if found is None:
        raise ValueError(
            f"{places[0]} must hold centres, such as center_uvd_{part}.mat or "
            f"center_{part}.txt, and holds none."
        )
    return found


def read(
    path: Path, joints_mm: Float[np.ndarray, "frames joints 3"], camera: Camera
) -> Centres:
    """Centres of the hands of some labelled frames.

    Args:
        path: A text file with three numbers a row, or a MATLAB file with an array
            `center_uvd`. A row that begins with `invalid`, or whose numbers are NaN
            or all 0 or all -1, is a frame without a centre.
        joints_mm: The labels of its rows, NaN where a joint is not known.
        camera: The frames' camera.

    Raises:
        ValueError: If the file is damaged, has another count of rows, a centre lies
            outside the image or out of reach, or the centres are not those of these
            hands, whichever the form; the sentence names the row and a likely cause.
    """
    if path.suffix == ".mat":
        rows = matlab_files.matrix(path, "center_uvd")
    else:
        rows = label_files.numbers(path, 3, gaps=True)
    if rows.shape != (len(joints_mm), 3):
        raise ValueError(
            f"{path} must hold {len(joints_mm)} rows of 3 numbers, got "
            f"{list(rows.shape)}."
        )
    held = label_files.without_marks(rows[:, None])[:, 0]
    form = _form(path, held, joints_mm, camera)
    uvd = held if form == PIXELS else _uvd(held, form, camera)
    _check(path, held, uvd, camera)
    note = f"{path} holds {form}, and is read so, because the labels lie there."
    return Centres(
        uvd=uvd.astype(np.float32),
        lacking=np.asarray(np.isnan(uvd).any(-1)),
        source="file",
        notes=() if form == PIXELS else (note,),
    )


def of_labels(uvd: Float[np.ndarray, "frames 3"]) -> Centres:
    """Centres at a point of the labels; NaN where it is not known."""
    lacking = np.zeros(len(uvd), bool)
    return Centres(uvd=uvd.astype(np.float32), lacking=lacking, source="labels")


def joined(parts: Sequence[Centres | None]) -> Centres | None:
    """The centres of several parts of a set; None if they have none."""
    held = [part for part in parts if part is not None]
    if not held:
        return None
    return Centres(
        uvd=np.concatenate([part.uvd for part in held]),
        lacking=np.concatenate([part.lacking for part in held]),
        source=" and ".join(sorted({part.source for part in held})),
        notes=tuple(note for part in held for note in part.notes),
    )


def middles_mm(
    joints_mm: Float[np.ndarray, "frames joints 3"],
) -> Float[np.ndarray, "frames 3"]:
    """Mean of the joints that are known; NaN in a frame without any."""
    means = joints_mm.mean(1)
    known = np.asarray(np.isfinite(joints_mm).all(-1))
    for row in np.flatnonzero(known.any(-1) & ~known.all(-1)):
        means[row] = joints_mm[row][known[row]].mean(0)
    return means


def _form(path: Path, held: np.ndarray, joints_mm: np.ndarray, camera: Camera) -> str:
    """The form in which the centres lie on the hands; pixels if nothing is labelled."""
    middles = middles_mm(joints_mm)
    both = np.isfinite(np.concatenate([middles, held], 1)).all(-1)
    if not both.any():
        return PIXELS
    found = {
        form: np.linalg.norm(_mm(held[both], form, camera) - middles[both], axis=1)
        for form in (PIXELS, UP, DOWN)
    }
    medians = {
        form: float(np.quantile(distance, 0.5, method="lower"))
        for form, distance in found.items()
    }
    best = (
        PIXELS if medians[PIXELS] <= NEAR_MM else min(medians, key=medians.__getitem__)
    )
    if medians[best] <= NEAR_MM:
        if best == PIXELS:
            _check_order(path, held[both], middles[both], camera)
        return best
    row = np.flatnonzero(both)[int(np.argmax(found[PIXELS] > NEAR_MM))]
    numbers = ", ".join(f"{number:g}" for number in held[row])
    depth = float(np.median(held[both, 2]))
    cause = "they may be another set's, or of frames in another order"
    if abs(depth) < NEAREST_MM:
        cause = "likely they are in metres"
    elif depth > FARTHEST_MM:
        cause = "likely they are in another unit than mm"
    raise ValueError(
        f"{path} must hold the centres of the labelled hands as u, v in pixels and depth "
        f"in mm, got {numbers} in row {row + 1}, which is "
        f"{found[PIXELS][int(np.argmax(found[PIXELS] > NEAR_MM))]:.0f} mm from its hand; "
        f"{cause}."
    )


def _check_order(
    path: Path, held: np.ndarray, middles: np.ndarray, camera: Camera
) -> None:
    """Refuse pixels that lie on the hands only with u and v exchanged."""
    plain, other = (
        float(np.median(np.linalg.norm(_mm(rows, PIXELS, camera) - middles, axis=1)))
        for rows in (held, held[:, [1, 0, 2]])
    )
    if TIMES_NEARER * other < plain:
        raise ValueError(
            f"{path} must hold u, v and depth in this order, and its centres are "
            f"{plain:.0f} mm from the hands in the median, {other:.0f} mm with u and v "
            "exchanged."
        )


def _check(path: Path, held: np.ndarray, uvd: np.ndarray, camera: Camera) -> None:
    """Refuse a centre outside the image, or out of a hand's reach."""
    u, v, depth = uvd.T
    beyond = (u < 0) | (u >= camera.width_px) | (v < 0) | (v >= camera.height_px)
    far = (depth < NEAREST_MM) | (depth > FARTHEST_MM)
    if not (beyond | far).any():
        return
    row = int(np.argmax(beyond | far))
    numbers = ", ".join(f"{number:g}" for number in held[row])
    rule = (
        f"depths of {NEAREST_MM:g} to {FARTHEST_MM:g} mm"
        if far[row]
        else f"centres inside its images of {camera.width_px} x {camera.height_px} pixels"
    )
    cause = "u, v in pixels and depth in mm are read; likely it is in another unit"
    raise ValueError(
        f"{path} must hold {rule}, got {numbers} in row {row + 1}: {cause}."
    )


def _mm(held: np.ndarray, form: str, camera: Camera) -> np.ndarray:
    """Points of the camera frame."""
    if form == PIXELS:
        return geometry.to_mm_from_uvd(torch.from_numpy(held)[None], camera)[0].numpy()
    return held * [1, 1 if form == UP else -1, 1]


def _uvd(held: np.ndarray, form: str, camera: Camera) -> np.ndarray:
    """Pixels and depth."""
    points = torch.from_numpy(_mm(held, form, camera))[None]
    pixels = geometry.to_pixels(points, camera)[0].numpy()
    return np.concatenate([pixels, held[:, 2:]], 1)
