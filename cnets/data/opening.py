"""Data sets: what they are called, and how they become a `HandData`."""

import hashlib
import json
from pathlib import Path

import numpy as np

from cnets.config import SIDES_PX
from cnets.data.crops import cache as crop_cache
from cnets.data.crops.cache import Cached, Progress
from cnets.data.crops.crop import mirrored_camera
from cnets.data.crops.recorded import Recorded
from cnets.data.crops.rendered import Rendered
from cnets.data.crops.source import Source
from cnets.data.hand_data import SPLITS, HandData
from cnets.data.readers import icvl, msra, nyu, poses, synthetic, unlabelled
from cnets.data.readers.labels import Labels
from cnets.data.readers.recording import Recording
from cnets.data.splits import UNUSED


FRAMES = 4000
"""Frames of `synthetic` where no number is given."""

READERS = {"nyu": nyu.recording, "icvl": icvl.recording, "msra": msra.recording}
"""Readers of recorded data sets, by the name in front of the folder."""

CENTRES = ("labels", "depth", "file")
"""Where the centres of a recorded set come from, if not from its default."""

KINDS = "synthetic[:FRAMES], poses:DIR, nyu:DIR, icvl:DIR or msra:DIR"


def open_data(
    spec: str,
    *,
    side_px: int,
    split: str | None = None,
    unlabelled_frames: str | None = None,
    cache: Path,
    progress: Progress | None = None,
    workers: int | None = None,
) -> HandData:
    """A data set, its crops made in the cache if they are not there yet.

    Args:
        spec: `synthetic[:FRAMES]`, `poses:DIR`, or a recorded set such as
            `nyu:DIR`; `+mirror` behind the kind turns left hands into right
            ones, `+labels`, `+depth` or `+file` says where centres come from.
        side_px: Side of the crops: 32, 64 or 128.
        split: Name of the split; None is the data's own default.
        unlabelled_frames: Folder of frames without labels, `DIR[@CAMERA]`.
        cache: Folder of prepared data.
        progress: Told how far the preparation is.
        workers: Threads that make crops; None is one a core.

    Raises:
        ValueError: If the set is unknown, missing or damaged, or has no such
            split.
    """
    if side_px not in SIDES_PX:
        raise ValueError(f"`side` must be one of 32, 64, 128, got {side_px}.")
    read = _read(spec)
    way = split or next(iter(read.splits))
    if way not in read.splits:
        known = ", ".join(read.splits)
        raise ValueError(f"`split` must be one of {known} for {spec}, got {split!r}.")
    source = _source(read)
    made = crop_cache.cached(source, side_px, cache, progress, workers)
    extra = _extra(unlabelled_frames, side_px, cache, progress, workers)
    name = _fingerprint(read, source, made, side_px)
    if extra is not None:
        name = hashlib.sha256(f"{name} {extra.content}".encode()).hexdigest()
    purpose, joints, camera = read.splits[way].copy(), read.joints_mm, read.camera
    purpose[list(made.empty)] = UNUSED
    hand = read.hand if isinstance(read, Recording) else "right"
    if isinstance(read, Recording) and read.mirrored:
        joints = joints * np.array([-1, 1, 1], np.float32)
        camera = mirrored_camera(camera)
        hand = "left" if hand == "right" else "right"
    return HandData(
        name=spec,
        fingerprint=f"{name}-{way}",
        skeleton=read.skeleton,
        camera=camera,
        crops=made.crops,
        joints_mm=joints,
        centres_mm=made.centres_mm,
        person=read.person,
        split=purpose,
        unlabelled=made.crops[:0] if extra is None else extra.crops,
        unlabelled_empty=() if extra is None else extra.empty,
        files=() if isinstance(read, Labels) else read.files,
        empty=len(made.empty),
        hand=hand,
        lost={
            name: int((read.splits[way] == value).sum() - (purpose == value).sum())
            for name, value in SPLITS.items()
        },
    )


def resolved(spec: str) -> str:
    """The same data set under a name that holds in every working directory."""
    kind, colon, rest = spec.partition(":")
    folder = kind.partition("+")[0] in ("poses", *READERS) and colon
    return f"{kind}:{Path(rest).resolve()}" if folder else spec


def resolved_folder(text: str | None) -> str | None:
    """A folder of unlabelled frames under a name that holds everywhere."""
    if text is None:
        return None
    named = "@" in text and not Path(text).is_dir()
    folder, at, camera = text.rpartition("@") if named else (text, "", "")
    return f"{Path(folder).resolve()}{at}{camera}"


def look(spec: str) -> str:
    """One line about a data set, without making its crops.

    Raises:
        ValueError: If it is unknown, missing or damaged.
    """
    read = _read(spec)
    frames, joints, _ = read.joints_mm.shape
    persons = len(set(read.person.tolist()))
    ways = ", ".join(read.splits)
    return f"{frames} frames, {joints} joints, {persons} persons; splits: {ways}"


def _read(spec: str) -> Labels | Recording:
    """The labels of a set, and where its frames are if it has any."""
    match spec.partition(":"):
        case ["synthetic", "", _]:
            return synthetic.labels(FRAMES)
        case ["synthetic", ":", frames] if frames.isascii() and frames.isdigit():
            return synthetic.labels(int(frames))
        case ["poses", ":", folder] if folder:
            return poses.labels(folder)
        case [kind, ":", folder] if folder and kind.partition("+")[0] in READERS:
            return _recording(*kind.split("+"), folder=folder)
    raise ValueError(f"`data` must be {KINDS}, got {spec!r}.")


def _recording(kind: str, *wishes: str, folder: str) -> Recording:
    """A recorded set with the wishes that stood behind its kind."""
    for wish in wishes:
        if wish not in ("mirror", *CENTRES):
            known = ", ".join(f"+{word}" for word in ("mirror", *CENTRES))
            raise ValueError(f"`data` must have one of {known}, got +{wish}.")
    centres = [wish for wish in wishes if wish in CENTRES]
    if len(centres) > 1:
        raise ValueError(f"`data` must have one kind of centres, got {centres}.")
    return READERS[kind](
        Path(folder),
        centres=centres[0] if centres else "auto",
        mirrored="mirror" in wishes,
    )


def _source(read: Labels | Recording) -> Source:
    if isinstance(read, Labels):
        return Rendered(read)
    return Recorded(
        read.files,
        read.camera,
        centres_uvd=read.centres_uvd,
        mirrored=read.mirrored,
        background_mm=read.background_mm,
    )


def _extra(
    text: str | None,
    side_px: int,
    cache: Path,
    progress: Progress | None,
    workers: int | None,
) -> Cached | None:
    """Crops of frames without labels, their centres found in the frames."""
    if text is None:
        return None
    found = unlabelled.frames(text)
    source = Recorded(found.files, found.camera, mirrored=found.mirrored)
    return crop_cache.cached(source, side_px, cache, progress, workers)


def _fingerprint(
    read: Labels | Recording, source: Source, made: Cached, side_px: int
) -> str:
    """SHA-256 of the content and the settings, wherever the files lie."""
    if isinstance(read, Labels):
        return source.key(side_px)
    facts = [side_px, repr(read.skeleton), repr(read.camera), read.mirrored]
    digest = hashlib.sha256(json.dumps([*facts, made.content]).encode())
    for array in (read.joints_mm, made.centres_mm):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
