"""How much disk a search will need, before it starts; an upper bound.

The largest part are checkpoints: the networks, and the optimiser's two moments
for each of them in each of the two updates of the joint stage.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnets.config import TrainConfig


UPDATES = 2
"""Updates of the joint stage, each with moments of its own."""

VERSIONS = 3
"""Checkpoints of a live trial: two that are kept, one that is being written."""

ROW_BYTES = 100
"""A report in Parquet; a million of them take less than 60 MB when compacted."""

TRIAL_BYTES = 8192
"""The events and decisions of one trial in Parquet, and its small files."""

PRODUCT_BYTES = 16384
"""Of a product of pre-training besides its numbers: two records, names of tensors."""

SCALAR_BYTES, SCALARS = 64, 32
"""Of an epoch in the event files of TensorBoard."""

PICTURES_A_STRIP = 16
"""Pictures of a strip, each with three bytes a pixel that hardly compress."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Bytes that a search will have on disk at most."""

    checkpoints: int
    rows: int
    pictures: int
    """TensorBoard's files."""
    stages: int = 0
    """Products of pre-training."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.checkpoints + self.rows + self.pictures + self.stages

    def sentence(self, folder: Path) -> str:
        """What is needed beside what is free, in words.

        Args:
            folder: Where the search will write; need not exist yet.
        """
        free = free_bytes(folder)
        need = (
            f"at most {in_words(self.total)} of disk ({in_words(self.checkpoints)} of "
            f"checkpoints), {in_words(free)} are free"
        )
        if free < self.total:
            return f"{need}: too little, and the search will pause when it is full."
        return f"{need}."


def free_bytes(folder: Path) -> int:
    """Free bytes on the disk of a folder, which need not exist yet."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def forecast(
    base: TrainConfig,
    *,
    weights: int,
    buffers: int,
    trials: int,
    ratios: int,
    slots: int,
    keep: int,
    waiting: int = 0,
    strips: int,
    products: Sequence[int] = (),
) -> Forecast:
    """What a search will need.

    Args:
        base: Configuration of its runs.
        weights: Bytes of the weights of its largest networks.
        buffers: Bytes of their running statistics.
        trials: Trials that have not ended.
        ratios: Labelled ratios.
        slots: Trials at once.
        keep: Trials of each ratio that keep their networks.
        waiting: Trials that may wait at once, each with a checkpoint.
        strips: Pictures that a trial hands in.
        products: Bytes of the networks of each pre-training that is stored.
    """
    live = slots * VERSIONS * (weights * (1 + 2 * UPDATES) + buffers)
    kept = ratios * keep * (weights + buffers)
    kept += waiting * (weights * (1 + 2 * UPDATES) + buffers)
    epochs = sum(
        (base.vae.epochs, base.gan.epochs, base.joint.warm_up_epochs, base.joint.epochs)
    )
    strip = 3 * PICTURES_A_STRIP * base.networks.side_px**2
    return Forecast(
        checkpoints=live + kept,
        rows=trials * (ROW_BYTES * base.joint.epochs + TRIAL_BYTES),
        pictures=trials * (epochs * SCALARS * SCALAR_BYTES + strips * strip),
        stages=sum(size + PRODUCT_BYTES for size in products),
    )


def in_words(size: int) -> str:
    """Bytes for people."""
    if size >= 2**30:
        return f"{size / 2**30:.1f} GiB"
    return f"{size / 2**20:.1f} MiB"
