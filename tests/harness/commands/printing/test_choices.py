"""A choice of frames in words and as plain values."""

from pathlib import Path

import numpy as np

from harness.choose import Chosen, Pool
from harness.commands.printing import choices


CHOSEN = Chosen(
    data="folder:\x1b[2J",
    pool=Pool(
        names=["a.png", "b.png", "c.png", "d.png"],
        rows=np.array([0, 1, 3]),
        crops=np.zeros((4, 2, 2)),
        notes=("a guess",),
    ),
    labelled=1,
    rows=np.array([3]),
    distances=np.array([0.51239]),
    farthest=0.25,
)


def test_in_words():
    """How many, where they are, how far the rest is; no name steers a terminal."""
    said = choices.report(CHOSEN, Path("next.csv"))
    assert max(map(len, said.splitlines())) <= 80
    words = " ".join(said.split())
    assert "1 frame of 3 to label next, 1 of them labelled already: next.csv" in words
    assert "next.png" in words
    assert "0.25" in said
    assert "\x1b" not in said


def test_nothing_left():
    """Without another frame there is no table of distances."""
    last = Chosen(**{**vars(CHOSEN), "farthest": None})
    said = choices.report(last, Path("next.csv"))
    assert "istance" not in said


def test_plain_values():
    """The frames in order, and what is left."""
    assert choices.facts(CHOSEN, Path("next.csv")) == {
        "data": "folder:\x1b[2J",
        "frames": 3,
        "labelled": 1,
        "chosen": [{"rank": 1, "frame": "d.png", "row": 3, "distance": 0.5124}],
        "farthest_left": 0.25,
        "out": "next.csv",
        "sheet": "next.png",
        "notes": ["a guess"],
    }
