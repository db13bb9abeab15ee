"""What makes the crops of a data set: the one thing the cache asks of it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """The crops of a few frames that follow each other."""

    crops: np.ndarray
    """float16 [frames, side, side], in [-1, 1]; background +1."""
    centres_mm: np.ndarray
    """float32 [frames, 3], centres of the crops' cubes, camera frame."""
    content: str
    """SHA-256 of the bytes that they were read from; empty if from none."""


class Source(ABC):
    """Makes the crops of a data set, any part at any time, always the same."""

    @property
    @abstractmethod
    def frames(self) -> int:
        """How many frames there are."""

    @abstractmethod
    def key(self, side_px: int) -> str:
        """Hexadecimal; another one whenever the crops may be others.

        Args:
            side_px: Side of the crops.
        """

    @abstractmethod
    def check(self) -> None:
        """Look at what the crops are read from before any is made.

        Raises:
            ValueError: If it cannot be what it should be.
        """

    @abstractmethod
    def make(self, rows: slice, side_px: int) -> Part:
        """The crops of some frames.

        Args:
            rows: Frames from `start` to before `stop`.
            side_px: Side of the crops.

        Raises:
            ValueError: If what they are read from is missing or damaged.
        """
