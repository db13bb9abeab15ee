"""What is wrong with a data set, or looks so: one sentence each.

A refusal is for what cannot be right; a warning for what a person has to look at.
"""

from collections.abc import Iterator

import numpy as np

from cnets.data.crops import centre
from cnets.data.readers.recording import Recording
from cnets.data.trust import (
    centres,
    depths,
    duplicates,
    finding,
    handedness,
    looking,
    measures,
    outside,
    suppositions,
)
from cnets.data.trust.finding import Finding
from cnets.data.trust.looking import Frames, Look
from cnets.data.trust.suppositions import Supposed


SAMPLED = 24
"""Frames that are looked at before crops are made."""

TURNED, GAIN = 0.85, 0.12
"""Share of joints on the hand that turned labels must reach, and how much they gain."""

FEW_JOINTS, FEW_HANDS = 0.75, 0.5
"""Share of joints on the hand, and of frames with a hand, under which it is said."""

SIDE = 0.9
"""Share of the bent hands that must show the other side."""

REPEATED = 0.1
"""Share of repeated frames over which it is said."""


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
    """What is wrong, refusals first; also with one split only, if all do not tell."""
    found = _together(frames, looks)
    fine = not share_on_hand(looks) < 1 - GAIN
    if frames.parts is None or fine or any(each.level == "refuse" for each in found):
        return found
    for part in np.unique(frames.parts):
        some = [look for look in looks if frames.parts[look.row] == part]
        wrong = (
            [e for e in _together(frames, some) if e.level == "refuse"] if some else []
        )
        if wrong:
            return [*wrong, *found]
    return found


def _together(frames: Frames, looks: list[Look]) -> list[Finding]:
    """What is wrong with some frames as a whole, refusals first.

    A finding that another one explains is left out.
    """
    files = [*_sizes(frames, looks), *_bytes(frames, looks)]
    if files:
        return files[:1]
    supposed = None
    if share_on_hand(looks) < 1 - GAIN:
        supposed = suppositions.suppose(frames, looks)
    found = [*outside.labels(frames), *centres.given(frames)]
    found += depths.units(frames, looks, supposed)
    if not found:
        found = [*_axes(frames, supposed)]
    if not found:
        found = [*_hand(frames), *_share(supposed), *_empty(frames, looks)]
        found += _repeated(looks)
    return sorted(found, key=lambda each: each.level != "refuse")


def trusted(recording: Recording | Frames) -> tuple[str, ...]:
    """The warnings about a recorded set, for a person to read.

    Raises:
        ValueError: If it cannot be right, with the sentence of the first refusal.
    """
    found = check(recording)
    for each in found:
        if each.level == "refuse":
            raise ValueError(each.sentence)
    return tuple(each.sentence for each in found)


def share_on_hand(looks: list[Look]) -> float:
    """Share of the known joints that lie on or beside the hand; NaN without labels."""
    known = sum(int(look.known.sum()) for look in looks)
    hits = sum(int((look.on_hand & look.known).sum()) for look in looks)
    return hits / known if known else np.nan


def _sizes(frames: Frames, looks: list[Look]) -> Iterator[Finding]:
    wanted = (frames.camera.width_px, frames.camera.height_px)
    for look in looks:
        if look.size != wanted:
            yield finding.refusal(
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
            yield finding.refusal(
                f"{path} must hold smooth depths in millimetres, and they are smooth only "
                f"with the two bytes of each pixel exchanged ({other:.0f} instead of {value:.0f}): "
                "it was written in the other order of bytes."
            )


def _axes(frames: Frames, supposed: Supposed | None) -> Iterator[Finding]:
    """Axes of the labels that point the other way, or are exchanged."""
    if supposed is None:
        return
    best = max(supposed.flips, key=lambda name: supposed.flips[name])
    share = supposed.flips[best]
    if share < max(TURNED, supposed.plain + GAIN):
        return
    yield finding.warning(
        f"{finding.percent(supposed.plain)} of the joints of {frames.name} lie on or beside the "
        f"hand as they stand, and {finding.percent(share)} with {best}: the axes of the labels "
        "are not those of the frames."
    )


def _share(supposed: Supposed | None) -> Iterator[Finding]:
    if supposed is not None and supposed.plain < FEW_JOINTS:
        yield finding.warning(
            f"Only {finding.percent(supposed.plain)} of the joints lie on or beside the hand "
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
        yield finding.warning(
            f"The labels of {frames.name} say that it shows {frames.hand} hands, and the "
            f"fingers of {finding.percent(part)} of the bent ones bend as those of {other} hands: "
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
        yield finding.warning(
            f"Of {len(looks)} frames that were looked at {same} have the bytes of another "
            f"one and {alike} nearly so: copies of a frame count twice."
        )
