"""What makes the crops of what a reader has read: labelled, unlabelled, label-free."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnets.data.crops import cache as crop_cache
from cnets.data.crops.cache import Cached, Progress
from cnets.data.crops.recorded import Recorded
from cnets.data.crops.rendered import Rendered
from cnets.data.crops.source import Source
from cnets.data.readers import unlabelled
from cnets.data.readers.labels import Labels
from cnets.data.readers.recording import Recording
from cnets.data.readers.unlabelled import UnlabelledFrames
from cnets.data.trust import findings, looking


def source_of(read: Labels | Recording) -> Source:
    """What makes the crops of a data set."""
    if isinstance(read, Labels):
        return Rendered(read)
    return Recorded(
        read.files,
        read.camera,
        centres_uvd=read.centres_uvd,
        mirrored=read.mirrored,
        background_mm=read.background_mm,
        form=read.form,
        turned=read.turned,
    )


def of_unlabelled(found: UnlabelledFrames) -> Recorded:
    """What makes the crops of frames without labels, once they can be trusted.

    Raises:
        ValueError: If they cannot be what they should be.
    """
    findings.trusted(looking.of_unlabelled(found))
    return Recorded(found.files, found.camera, mirrored=found.mirrored, form=found.form)


def label_free(
    read: Labels | Recording,
    side_px: int,
    cache: Path,
    progress: Progress | None,
    workers: int | None,
) -> Callable[[], np.ndarray] | None:
    """What gives the crops whose centres were found in the frames, if others are used.

    They are made when they are asked for: few runs need them.
    """
    if "labels" not in read.centres:
        return None
    if isinstance(read, Labels):
        source = Rendered(replace(read, centres="depth"))
    else:
        source = source_of(replace(read, centres_uvd=None))

    def crops() -> np.ndarray:
        return crop_cache.cached(source, side_px, cache, progress, workers).crops

    return crops


def extra(
    text: str | None,
    side_px: int,
    cache: Path,
    progress: Progress | None,
    workers: int | None,
) -> tuple[Cached | None, tuple[str, ...]]:
    """Crops of frames without labels, their centres found in the frames, and notes."""
    if text is None:
        return None, ()
    found = unlabelled.frames(text)
    source = of_unlabelled(found)
    made = crop_cache.cached(source, side_px, cache, progress, workers)
    return made, found.notes
