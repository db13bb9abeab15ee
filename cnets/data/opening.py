"""Data sets: what they are called, and how they become a `HandData`."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnets.cameras import Camera
from cnets.config import SIDES_PX
from cnets.data import hidden, sources
from cnets.data.crops import cache as crop_cache
from cnets.data.crops.cache import Cached, Progress
from cnets.data.crops.crop import mirrored_camera
from cnets.data.crops.source import Source
from cnets.data.hand_data import SPLITS, HandData, has_label
from cnets.data.purposes import NOT_SEEN, known_joints, purposes
from cnets.data.readers import icvl, more_poses, msra, nyu, poses, synthetic
from cnets.data.readers.folder import reader as own
from cnets.data.readers.labels import Labels
from cnets.data.readers.recording import Recording
from cnets.data.splits import TRAIN, UNLABELLED, VALIDATION
from cnets.data.trust import findings
from cnets.hands.skeleton import Skeleton


FRAMES = 4000
"""Frames of `synthetic` where no number is given."""

READERS = {
    "nyu": nyu.recording,
    "icvl": icvl.recording,
    "msra": msra.recording,
    "folder": own.recording,
}
"""Readers of recorded data sets, by the name in front of the folder."""

CENTRES = ("labels", "depth", "file")
"""Where the centres of a recorded set come from, if not from its default."""

FOUND = "depth"
"""The one of them that a rendered set may have: found in the rendered frame."""

SKIP = "skip-missing"
"""The wish to leave out frames whose image or label is missing."""

WISHES = ("mirror", SKIP, *CENTRES)
"""What may stand behind the kind of a recorded set, each after a `+`."""

KINDS = "synthetic[:FRAMES], poses:DIR, nyu:DIR, icvl:DIR, msra:DIR or folder:DIR"


def open_data(
    spec: str,
    *,
    side_px: int,
    split: str | None = None,
    unlabelled: str | None = None,
    poses_file: str | None = None,
    cache: Path,
    progress: Progress | None = None,
    workers: int | None = None,
) -> HandData:
    """A data set, its crops made in the cache if they are not there yet.

    Args:
        spec: `synthetic[:FRAMES]`, `poses:DIR`, or a recorded set such as
            `nyu:DIR`; `+mirror` behind the kind turns left hands into right
            ones, `+labels`, `+depth` or `+file` says where centres come from,
            `+skip-missing` leaves out frames whose image or label is missing.
            A rendered set takes `+depth` alone.
        side_px: Side of the crops: 32, 64 or 128.
        split: Name of the split; None is the data's own default.
        unlabelled: Frames without labels that are trained on: a folder,
            `DIR[@CAMERA]`, or a share of the test split, `test:SHARE` (`hidden`).
        poses_file: Poses without images for the pose VAE (`readers.more_poses`).
        cache: Folder of prepared data.
        progress: Told how far the preparation is.
        workers: Threads that make crops; None is one a core.

    Raises:
        ValueError: If the set is unknown, missing or damaged, cannot be what its
            labels say (`trust.findings`), has no such split, its test frames cannot
            be shared, or the file of poses holds no such hands.
    """
    if side_px not in SIDES_PX:
        raise ValueError(f"`side` must be one of 32, 64, 128, got {side_px}.")
    read = labels_of(spec)
    way = split or next(iter(read.splits))
    if way not in read.splits:
        known = ", ".join(read.splits)
        raise ValueError(f"`split` must be one of {known} for {spec}, got {split!r}.")
    doubts = findings.trusted(read) if isinstance(read, Recording) else ()
    shown, said = hidden.hide(read, way, hidden.share_of(unlabelled))
    folder = unlabelled if shown is read else None
    joints, camera, hand = _as_cropped(read)
    more, told = _more_poses(poses_file, read.skeleton, joints)
    source = sources.source_of(shown)
    made = crop_cache.cached(source, side_px, cache, progress, workers)
    extra, notes = sources.extra(folder, side_px, cache, progress, workers)
    name = _with_contents(
        _fingerprint(read, source, made, side_px),
        None if shown is read else _sha256(shown.splits[way]),
        None if extra is None else extra.content,
        f"poses {_sha256(more)}" if len(more) else None,
    )
    purpose, dropped = purposes(shown, way, made.empty)
    if extra is not None and extra.empty:
        unseen = dropped.get(NOT_SEEN, 0) + len(extra.empty)
        dropped = dropped | {NOT_SEEN: unseen}
    joints[shown.splits[way] == UNLABELLED] = np.nan
    return HandData(
        name=spec,
        fingerprint=f"{name}-{way}",
        skeleton=read.skeleton,
        camera=camera,
        crops=made.crops,
        joints_mm=joints,
        centres_mm=made.centres_mm,
        centres=read.centres,
        label_free_crops=sources.label_free(read, side_px, cache, progress, workers),
        person=read.person,
        split=purpose,
        unlabelled=made.crops[:0] if extra is None else extra.crops,
        unlabelled_empty=() if extra is None else extra.empty,
        seen=None if shown is read else unlabelled,
        more_poses_mm=more,
        files=() if isinstance(read, Labels) else read.files,
        form=read.form if isinstance(read, Recording) else None,
        empty=len(made.empty),
        hand=hand,
        dropped=dropped,
        lost={
            name: int((shown.splits[way] == value).sum() - (purpose == value).sum())
            for name, value in SPLITS.items()
        },
        notes=(read.notes if isinstance(read, Recording) else ())
        + said
        + notes
        + told
        + doubts,
    )


def with_wish(spec: str, wish: str, wished: bool) -> str:
    """A data set with one of `WISHES` behind its kind, if it is wished.

    Raises:
        ValueError: If the set is wished so and is not a recorded one.
    """
    kind, colon, rest = spec.partition(":")
    if not wished or wish in kind.split("+")[1:]:
        return spec
    if kind.partition("+")[0] not in READERS:
        known = ", ".join(f"{name}:DIR" for name in READERS)
        raise ValueError(
            f"`{wish.replace('-', '_')}` needs a set with frames, {known}, got {spec!r}."
        )
    return f"{kind}+{wish}{colon}{rest}"


def resolved(spec: str) -> str:
    """The same data set under a name that holds in every working directory."""
    kind, colon, rest = spec.partition(":")
    folder = kind.partition("+")[0] in ("poses", *READERS) and colon
    return f"{kind}:{Path(rest).resolve()}" if folder else spec


def resolved_folder(text: str | None) -> str | None:
    """A folder of unlabelled frames under a name that holds everywhere.

    A share of the test split stays as it is.
    """
    if text is None or hidden.share_of(text) is not None:
        return text
    named = "@" in text and not Path(text).is_dir()
    folder, at, camera = text.rpartition("@") if named else (text, "", "")
    return f"{Path(folder).resolve()}{at}{camera}"


def look(spec: str) -> str:
    """One line about a data set, without making its crops.

    Raises:
        ValueError: If it is unknown, missing or damaged, or its default split has
            no label to train on or no validation frame.
    """
    read = labels_of(spec)
    purpose, dropped = purposes(read, next(iter(read.splits)), ())
    for what, value in (("label to train on", TRAIN), ("validation frame", VALIDATION)):
        if not (
            has_label(known_joints(read), read.skeleton.root) & (purpose == value)
        ).any():
            why = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
            raise ValueError(
                f"`data` must have a {what}, and {spec} has none in its split "
                f"{next(iter(read.splits))}; dropped: {why or 'none'}."
            )
    frames, joints, _ = read.joints_mm.shape
    persons = len(set(read.person.tolist()))
    ways = ", ".join(read.splits)
    return f"{frames} frames, {joints} joints, {persons} persons; splits: {ways}"


def labels_of(spec: str) -> Labels | Recording:
    """The labels of a set, and where its frames are if it has any.

    Raises:
        ValueError: If it is unknown, missing or damaged.
    """
    kind, colon, rest = spec.partition(":")
    name, *wishes = kind.split("+")
    match (name, colon, rest):
        case ["synthetic", "", _]:
            return _rendered(synthetic.labels(FRAMES), wishes)
        case ["synthetic", ":", frames] if frames.isascii() and frames.isdigit():
            return _rendered(synthetic.labels(int(frames)), wishes)
        case ["poses", ":", folder] if folder:
            return _rendered(poses.labels(folder), wishes)
        case [_, ":", folder] if folder and name in READERS:
            return _recording(name, *wishes, folder=folder)
    raise ValueError(f"`data` must be {KINDS}, got {spec!r}.")


def _rendered(read: Labels, wishes: list[str]) -> Labels:
    """A rendered set with the wish that stood behind its kind."""
    for wish in wishes:
        if wish != FOUND:
            raise ValueError(
                f"`data` must have +{FOUND} or nothing behind a rendered set's kind, got "
                f"+{wish}."
            )
    return replace(read, centres=FOUND) if wishes else read


def _recording(kind: str, *wishes: str, folder: str) -> Recording:
    """A recorded set with the wishes that stood behind its kind."""
    for wish in wishes:
        if wish not in WISHES:
            known = ", ".join(f"+{word}" for word in WISHES)
            raise ValueError(f"`data` must have one of {known}, got +{wish}.")
    centres = [wish for wish in wishes if wish in CENTRES]
    if len(centres) > 1:
        raise ValueError(f"`data` must have one kind of centres, got {centres}.")
    return READERS[kind](
        Path(folder),
        centres=centres[0] if centres else "auto",
        mirrored="mirror" in wishes,
        skip_missing=SKIP in wishes,
    )


def _as_cropped(read: Labels | Recording) -> tuple[np.ndarray, Camera, str]:
    """Joints, camera and side of the hands that the crops show, after any mirroring."""
    joints, camera, hand = known_joints(read), read.camera, "right"
    if isinstance(read, Labels):
        return joints, camera, hand
    hand = read.hand
    if read.mirrored:
        joints = joints * np.array([-1, 1, 1], np.float32)
        camera = mirrored_camera(camera)
        hand = "left" if hand == "right" else "right"
    if read.turned is not None:
        joints = np.where(read.turned[:, None, None], joints * [-1, 1, 1], joints)
        joints = joints.astype(np.float32)
    return joints, camera, hand


def _more_poses(
    file: str | None, skeleton: Skeleton, joints_mm: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The poses without images, none without a file, and a note of them."""
    if file is None:
        return joints_mm[:0], ()
    found = more_poses.read(Path(file), skeleton, joints_mm)
    name = Path(file).name
    return found, (f"{len(found)} poses of {name} are half of what the VAE trains on.",)


def _with_contents(fingerprint: str, *contents: str | None) -> str:
    """The fingerprint of a set with what was added to it; None stands for nothing."""
    for content in contents:
        if content is not None:
            joined = f"{fingerprint} {content}"
            fingerprint = hashlib.sha256(joined.encode()).hexdigest()
    return fingerprint


def _sha256(array: np.ndarray) -> str:
    """SHA-256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _fingerprint(
    read: Labels | Recording, source: Source, made: Cached, side_px: int
) -> str:
    """SHA-256 of the content and the settings, wherever the files lie."""
    if isinstance(read, Labels):
        return source.key(side_px)
    facts = [side_px, repr(read.skeleton), repr(read.camera), read.mirrored]
    digest = hashlib.sha256(json.dumps([*facts, made.content]).encode())
    digest.update(read.settings.encode())
    for array in (read.joints_mm, made.centres_mm):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
