"""One thing that is wrong with a data set, or looks so."""

from dataclasses import dataclass
from typing import Literal


LOW, HIGH = 0.3, 0.7
"""Shares of joints on the hand as files stand, and in another unit, to be refused."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, or looks so."""

    level: Literal["refuse", "warn"]
    sentence: str
    """Names file, value and likely cause."""


def percent(share: float) -> str:
    """A share, 0 to 1, in words."""
    return f"{100 * share:.0f} %"


def refusal(sentence: str) -> Finding:
    """What cannot be right."""
    return Finding(level="refuse", sentence=sentence)


def warning(sentence: str) -> Finding:
    """What a person has to look at."""
    return Finding(level="warn", sentence=sentence)
