"""Frames of the person to be tested, without their labels: a share of the test split.

Semi-supervision is for somebody new: who is tested has been seen, and not labelled.
So a share of the test split, by stretches of time and apart from what is tested
(`splits.hidden`), may be trained on as images without labels. No label is used for
their crops either: where labels give the centres of the others, those of these frames
are found in the frame, also in a rendered one. A file of centres is not a label.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from cnets.data import splits
from cnets.data.readers.labels import Labels
from cnets.data.readers.recording import Recording


PREFIX = "test:"
"""What stands before the share, where a folder of frames could stand."""


def share_of(text: str | None) -> float | None:
    """The share of the test split that is asked for; None if no share is.

    Args:
        text: Such as `test:0.5`, or a folder.

    Raises:
        ValueError: If the share is not in (0, 1), or a folder has this name.
    """
    if text is None or not text.startswith(PREFIX):
        return None
    if Path(text).exists():
        raise ValueError(
            f"`unlabelled` must be a share of the test split or a folder, got "
            f"{text!r}, which is both; ./{text} is the folder."
        )
    try:
        share = float(text.removeprefix(PREFIX))
    except ValueError:
        share = np.nan
    if not 0 < share < 1:
        raise ValueError(
            f"`unlabelled` must be {PREFIX}SHARE with a share in (0, 1), got {text!r}."
        )
    return share


def only_share(text: str | None, seen: str | None = None) -> str | None:
    """A share whose frames are left out where nothing is trained: they are no test.

    Args:
        text: What was asked for.
        seen: What the model says that it was trained on; it needs no asking.

    Raises:
        ValueError: If it is something else, or another share than the model's.
    """
    if text is not None and share_of(text) is None:
        raise ValueError(
            f"`unlabelled` must be {PREFIX}SHARE where nothing is trained, got {text!r}."
        )
    if text and seen and share_of(text) != share_of(seen):
        raise ValueError(
            f"`unlabelled` must be {seen}, which the model was trained on, got {text!r}."
        )
    return text or seen


def hide(
    read: Labels | Recording, way: str, share: float | None
) -> tuple[Labels | Recording, tuple[str, ...]]:
    """A set, a share of whose test frames has no label to look at, and notes.

    Their joints stay where they are: a rendered frame is made from them. Whoever
    trains is given none of `splits.UNLABELLED`.

    Args:
        read: The set; it is not changed.
        way: Name of the split.
        share: Of each person's test frames, in (0, 1); None gives the set itself.

    Raises:
        ValueError: If the split has no test frames, or too few for a gap.
    """
    if share is None:
        return read, ()
    split = splits.hidden(read.splits[way], read.person, share)
    found = replace(read, splits=read.splits | {way: split})
    if "labels" not in read.centres:
        return found, ()
    rows = split == splits.UNLABELLED
    name = "centres_mm" if isinstance(read, Labels) else "centres_uvd"
    centres = getattr(read, name).copy()
    centres[rows] = np.nan
    note = (
        f"The {rows.sum()} frames of the test split whose labels are hidden are cropped "
        "about centres found in the frames, the others as labels say; +depth behind the "
        "kind crops all alike."
    )
    return replace(found, **{name: centres}), (note,)
