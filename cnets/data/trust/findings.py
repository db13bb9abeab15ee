"""What is wrong with a data set, or looks so: one sentence each.

A refusal is for what cannot be right; a warning for what a person has to look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cnets.cameras import Camera
from cnets.data.crops import centre
from cnets.data.readers.recording import Recording
from cnets.data.trust import duplicates, handedness, looking, measures, suppositions
from cnets.data.trust.looking import Frames, Look
from cnets.data.trust.suppositions import UNITS, Supposed, near_unit
from cnets.geometry import CUBE_MM


SAMPLED = 24
"""Frames that are looked at before crops are made."""

LOW, HIGH = 0.3, 0.7
"""Shares of joints on the hand as files stand, and in another unit, to be refused."""

APART = 1.5
"""No other unit is nearer to a millimetre than this factor; an offset may be."""

TURNED, GAIN = 0.85, 0.12
"""Share of joints on the hand that turned labels must reach, and how much they gain."""

FEW_JOINTS, FEW_HANDS = 0.75, 0.5
"""Share of joints on the hand, and of frames with a hand, under which it is said."""

CENTRES = 200
"""Given centres that are compared with labels."""

STRAY = 0.05
"""Share of centres outside the image over which a set is refused."""

SIDE = 0.9
"""Share of the bent hands that must show the other side."""

NEAREST_MM = 100.0
"""No hand is nearer to a depth camera."""

REPEATED = 0.1
"""Share of repeated frames over which it is said."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, or looks so."""

    level: Literal["refuse", "warn"]
    sentence: str
    """Names file, value and likely cause."""


def check(frames: Recording | Frames, wanted: int = SAMPLED) -> list[Finding]:
    """What is wrong with a recorded set, from a look at some of its frames.

    Args:
        frames: The set; nothing is written.
        wanted: Frames to look at.

    Raises:
        ValueError: If a frame is missing or damaged.
    """
    if isinstance(frames, Recording):
        frames = looking.of_recording(frames)
    rows = looking.sample(frames, wanted)
    return of_looks(frames, looking.look(frames, rows))


def of_looks(frames: Frames, looks: list[Look]) -> list[Finding]:
    """What is wrong, refusals first.

    A finding that another one explains is left out.
    """
    files = [*_sizes(frames, looks), *_bytes(frames, looks)]
    if files:
        return files[:1]
    supposed = None
    if share_on_hand(looks) < 1 - GAIN:
        supposed = suppositions.suppose(frames, looks)
    found = [*_centres(frames), *_units(frames, looks, supposed)]
    if not found:
        found = [*_axes(frames, supposed)]
    if not found:
        found = [*_hand(frames), *_share(supposed), *_empty(frames, looks)]
        found += _repeated(looks)
    return sorted(found, key=lambda finding: finding.level != "refuse")


def trusted(recording: Recording | Frames) -> tuple[str, ...]:
    """The warnings about a recorded set, for a person to read.

    Raises:
        ValueError: If it cannot be right, with the sentence of the first refusal.
    """
    found = check(recording)
    for finding in found:
        if finding.level == "refuse":
            raise ValueError(finding.sentence)
    return tuple(finding.sentence for finding in found)


def share_on_hand(looks: list[Look]) -> float:
    """Share of the known joints that lie on or beside the hand; NaN without labels."""
    known = sum(int(look.known.sum()) for look in looks)
    hits = sum(int((look.on_hand & look.known).sum()) for look in looks)
    return hits / known if known else np.nan


def _sizes(frames: Frames, looks: list[Look]) -> Iterator[Finding]:
    wanted = (frames.camera.width_px, frames.camera.height_px)
    for look in looks:
        if look.size != wanted:
            yield _refusal(
                f"{frames.files[look.row]} must have {wanted[0]} x {wanted[1]} pixels as "
                f"the camera of {frames.name} has, got {look.size[0]} x {look.size[1]}: "
                "the frames are of another camera, or were scaled or turned."
            )


def _bytes(frames: Frames, looks: list[Look]) -> Iterator[Finding]:
    for look in looks:
        if look.swapped:
            path, frame_mm = frames.files[look.row], frames.read(look.row)
            right = measures.turned(frame_mm)
            row, column = np.argwhere(right > 0)[(right > 0).sum() // 2]
            value, other = frame_mm[row, column], right[row, column]
            yield _refusal(
                f"{path} must hold smooth depths in millimetres, and they are smooth only "
                f"with the two bytes of each pixel exchanged ({other:.0f} instead of {value:.0f}): "
                "it was written in the other order of bytes."
            )


def _units(
    frames: Frames, looks: list[Look], supposed: Supposed | None
) -> Iterator[Finding]:
    """Depths that are all too large or too small."""
    if not any(look.known.any() for look in looks):
        yield from _range(frames, looks)
    elif supposed is not None and _is_another_unit(supposed):
        look = next(look for look in looks if look.known.any())
        assert frames.joints_uvd is not None
        told = float(np.median(frames.joints_uvd[look.row][look.known, 2]))
        times = near_unit(supposed.factor)
        units = UNITS.get(times, "another unit")
        likely = f"the frames hold {units}"
        if not NEAREST_MM <= told <= centre.FARTHEST_MM:
            likely = f"the labels of {frames.name} are in another unit"
        yield _refusal(
            f"{frames.files[look.row]} must hold millimetres as its label does, and "
            f"depths are {times:.4g} times those of the labels (a joint at {told:.0f} mm): "
            f"{likely}; {_percent(supposed.plain)} of the joints lie on the hand, and "
            f"{_percent(supposed.scaled)} with the depths divided by {times:.4g}."
        )


def _is_another_unit(supposed: Supposed) -> bool:
    apart = max(supposed.factor, 1 / supposed.factor) > APART
    return supposed.plain < LOW and supposed.scaled > HIGH and apart


def _range(frames: Frames, looks: list[Look]) -> Iterator[Finding]:
    """The same where no label says how far away the hand is."""
    near = np.array([look.nearest_mm for look in looks])
    seen = np.flatnonzero(np.isfinite(near))
    if not len(seen):
        return
    middle = float(np.median(near[seen]))
    path = frames.files[looks[seen[0]].row]
    far = (near[seen] > centre.FARTHEST_MM).all()
    if not far and middle >= NEAREST_MM:
        return
    likely = [
        f"{UNITS[unit]} ({middle / unit:.0f} mm)"
        for unit in UNITS
        if NEAREST_MM <= middle / unit <= centre.FARTHEST_MM
    ]
    yield _refusal(
        f"{path} must show a hand {NEAREST_MM:g} to {centre.FARTHEST_MM:g} mm away, and "
        f"the nearest things of the {len(seen)} frames that were looked at lie at about "
        f"{middle:.4g}: depths in {' or '.join(likely) or 'another unit'}, or no hand."
    )


def _centres(frames: Frames) -> Iterator[Finding]:
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
            yield _refusal(
                f"The centres of {frames.name} must be u and v in pixels and depth in "
                f"millimetres, and {_row(frames, int(rows[0]))} seems to be x, y and z in "
                f"millimetres (y {axis}): the cubes hold {_percent(plain)} of the joints "
                f"as they stand, and {_percent(share)} so."
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


def _axes(frames: Frames, supposed: Supposed | None) -> Iterator[Finding]:
    """Axes of the labels that point the other way, or are exchanged."""
    if supposed is None:
        return
    best = max(supposed.flips, key=lambda name: supposed.flips[name])
    share = supposed.flips[best]
    if share < max(TURNED, supposed.plain + GAIN):
        return
    yield _warning(
        f"{_percent(supposed.plain)} of the joints of {frames.name} lie on or beside the "
        f"hand as they stand, and {_percent(share)} with {best}: the axes of the labels "
        "are not those of the frames."
    )


def _share(supposed: Supposed | None) -> Iterator[Finding]:
    if supposed is not None and supposed.plain < FEW_JOINTS:
        yield _warning(
            f"Only {_percent(supposed.plain)} of the joints lie on or beside the hand "
            f"(depths there are {supposed.factor:.3g} times those of the labels): labels "
            "of other frames, another camera, or an offset."
        )


def _hand(frames: Frames) -> Iterator[Finding]:
    if frames.skeleton is None or frames.joints_uvd is None:
        return
    points = measures.points_mm(frames.joints_uvd, frames.camera)
    if frames.turned is not None:  # those of the other hand, in a set of both
        points = np.where(frames.turned[:, None, None], points * [-1, 1, 1], points)
    share = handedness.right_share(points, frames.skeleton)
    if share is None:
        return
    other, part = ("left", 1 - share) if frames.hand == "right" else ("right", share)
    if part >= SIDE:
        yield _warning(
            f"The labels of {frames.name} say that it shows {frames.hand} hands, and the "
            f"fingers of {_percent(part)} of the bent ones bend as those of {other} hands: "
            "the other hand, or frames and labels that are both mirrored."
        )


def _empty(frames: Frames, looks: list[Look]) -> Iterator[Finding]:
    lost = [look for look in looks if not look.shows_hand]
    if len(lost) > (1 - FEW_HANDS) * len(looks):
        path = frames.files[lost[0].row]
        every = len(lost) == len(looks) and frames.joints_uvd is None
        yield Finding(
            level="refuse" if every else "warn",
            sentence=f"{len(lost)} of {len(looks)} frames that were looked at show no hand "
            f"{centre.NEAREST_MM:g} to {centre.FARTHEST_MM:g} mm away, the first {path}: "
            "empty frames, another unit, centres of other frames, or hands behind the "
            "depth at which this set's background begins.",
        )


def _repeated(looks: list[Look]) -> Iterator[Finding]:
    same, alike = duplicates.identical(looks), duplicates.nearly(looks)
    if same + alike > REPEATED * len(looks):
        yield _warning(
            f"Of {len(looks)} frames that were looked at {same} have the bytes of another "
            f"one and {alike} nearly so: copies of a frame count twice."
        )


def _row(frames: Frames, row: int) -> str:
    """A given centre in words."""
    assert frames.centres_uvd is not None
    numbers = ", ".join(f"{number:.4g}" for number in frames.centres_uvd[row])
    return f"({numbers}) of {frames.files[row]}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _refusal(sentence: str) -> Finding:
    return Finding(level="refuse", sentence=sentence)


def _warning(sentence: str) -> Finding:
    return Finding(level="warn", sentence=sentence)
