"""Splits of short tables; those of columns and persons are in `test_reader.py`."""

import pytest

from cnets.data.readers.folder import ways
from cnets.data.splits import TEST, TRAIN, UNUSED, VALIDATION


@pytest.mark.parametrize("frames", [3, 12, 40, 407])
def test_a_short_table(frames):
    """Train, validation and test in the order of time, with gaps of a twentieth."""
    split = ways._short(frames).tolist()
    gap, held = min(50, frames // 20), max(1, round(0.15 * frames))
    rest = frames - 2 * (gap + held)
    gaps = [UNUSED] * gap
    whole = [TRAIN] * rest + gaps + [VALIDATION] * held + gaps + [TEST] * held
    assert split == whole
    assert rest > 0


def test_one_part():
    """The end alone is for validation."""
    assert ways._short(10, parts=1).tolist() == [TRAIN] * 8 + [VALIDATION] * 2
