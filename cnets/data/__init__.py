"""Data sets: what they are called, and how they become a `HandData`."""

from pathlib import Path

from cnets.config import SIDES_PX
from cnets.data import cache as crop_cache, poses, synthetic
from cnets.data.cache import Progress
from cnets.data.hand_data import HandData
from cnets.data.labels import Labels


__all__ = ["HandData", "look", "open_data", "resolved"]

FRAMES = 4000
"""Frames of `synthetic` where no number is given."""

KINDS = "synthetic[:FRAMES] or poses:DIR"


def open_data(
    spec: str,
    *,
    side_px: int,
    split: str | None = None,
    cache: Path,
    progress: Progress | None = None,
) -> HandData:
    """A data set, rendered into the cache if it is not there yet.

    Args:
        spec: `synthetic[:FRAMES]` or `poses:DIR`.
        side_px: Side of the crops: 32, 64 or 128.
        split: Name of the split; None is the data's own default.
        cache: Folder of prepared data.
        progress: Told how far the preparation is.

    Raises:
        ValueError: If the set is unknown, missing or damaged, or has no such
            split.
    """
    if side_px not in SIDES_PX:
        raise ValueError(f"`side` must be one of 32, 64, 128, got {side_px}.")
    labels = _labels(spec)
    way = split or next(iter(labels.splits))
    if way not in labels.splits:
        known = ", ".join(labels.splits)
        raise ValueError(f"`split` must be one of {known} for {spec}, got {split!r}.")
    return HandData(
        name=spec,
        fingerprint=f"{crop_cache.fingerprint(labels, side_px)}-{way}",
        skeleton=labels.skeleton,
        camera=labels.camera,
        crops=crop_cache.crops(labels, side_px, cache, progress),
        joints_mm=labels.joints_mm,
        centres_mm=labels.centres_mm,
        person=labels.person,
        split=labels.splits[way],
    )


def resolved(spec: str) -> str:
    """The same data set under a name that holds in every working directory."""
    kind, colon, rest = spec.partition(":")
    return f"poses:{Path(rest).resolve()}" if kind == "poses" and colon else spec


def look(spec: str) -> str:
    """One line about a data set, without rendering it.

    Raises:
        ValueError: If it is unknown, missing or damaged.
    """
    labels = _labels(spec)
    frames, joints, _ = labels.joints_mm.shape
    persons = len(set(labels.person.tolist()))
    ways = ", ".join(labels.splits)
    return f"{frames} frames, {joints} joints, {persons} persons; splits: {ways}"


def _labels(spec: str) -> Labels:
    match spec.partition(":"):
        case ["synthetic", "", _]:
            return synthetic.labels(FRAMES)
        case ["synthetic", ":", frames] if frames.isascii() and frames.isdigit():
            return synthetic.labels(int(frames))
        case ["poses", ":", folder] if folder:
            return poses.labels(folder)
    raise ValueError(f"`data` must be {KINDS}, got {spec!r}.")
