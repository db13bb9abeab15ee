"""What is wrong with the centres that a data set gives."""

from collections.abc import Iterator

import numpy as np

from cnets.cameras import Camera
from cnets.data.trust import finding, measures
from cnets.data.trust.finding import HIGH, LOW, Finding
from cnets.data.trust.looking import Frames
from cnets.geometry import CUBE_MM


CENTRES = 200
"""Given centres that are compared with labels."""

STRAY = 0.05
"""Share of centres outside the image over which a set is refused."""


def given(frames: Frames) -> Iterator[Finding]:
    """Given centres that are no pixels, or lie outside the image."""
    if frames.centres_uvd is None:
        return
    given = frames.centres_uvd.astype(np.float64)
    rows = np.flatnonzero(np.isfinite(given).all(1))
    plain = _held(frames, rows, given)
    for axis, sign in (("down", -1), ("up", 1)):
        uvd = measures.pixels_uvd(given * [1, sign, 1], frames.camera)
        share = _held(frames, rows, uvd)
        if plain < LOW and share > HIGH:
            yield finding.refusal(
                f"The centres of {frames.name} must be u and v in pixels and depth in "
                f"millimetres, and {_row(frames, int(rows[0]))} seems to be x, y and z in "
                f"millimetres (y {axis}): the cubes hold {finding.percent(plain)} of the joints "
                f"as they stand, and {finding.percent(share)} so."
            )
            return
    outside = rows[_is_outside(given[rows], frames.camera)]
    if len(outside):
        yield Finding(
            level="refuse" if len(outside) > STRAY * len(rows) else "warn",
            sentence=f"The centres of {frames.name} must lie in the image of "
            f"{frames.camera.width_px} x {frames.camera.height_px} pixels, and "
            f"{len(outside)} of {len(rows)} cubes lie outside, the first about "
            f"{_row(frames, int(outside[0]))}: another unit, another order of the numbers, or "
            "another camera.",
        )


def _is_outside(centres_uvd: np.ndarray, camera: Camera) -> np.ndarray:
    """Whether no pixel of the image lies in the cube about a centre; bool [frames]."""
    u, v, depth = centres_uvd.T
    half = CUBE_MM / 2 / np.where(depth > 0, depth, np.inf)
    aside = np.abs(u - camera.width_px / 2) > camera.width_px / 2 + half * camera.fx
    above = np.abs(v - camera.height_px / 2) > camera.height_px / 2 + half * camera.fy
    return aside | above | (depth <= 0)


def _held(frames: Frames, rows: np.ndarray, centres_uvd: np.ndarray) -> float:
    """Share of the known joints that cubes about some of these centres hold."""
    if frames.joints_uvd is None or not len(rows):
        return 1.0
    some = rows[np.linspace(0, len(rows) - 1, min(CENTRES, len(rows))).astype(int)]
    joints = frames.joints_uvd[some]
    pairs = zip(joints, centres_uvd[some], strict=True)
    hits = [measures.in_cube(uvd, about, frames.camera).sum() for uvd, about in pairs]
    known = np.isfinite(joints).all(-1).sum()
    return float(sum(hits) / known) if known else 1.0


def _row(frames: Frames, row: int) -> str:
    """A given centre in words."""
    assert frames.centres_uvd is not None
    numbers = ", ".join(f"{number:.4g}" for number in frames.centres_uvd[row])
    return f"({numbers}) of {frames.files[row]}"
