"""Tests of `cnets.inference.frame_names`: names are compared from their ends."""

from pathlib import Path

import pytest

from cnets.inference import frame_names


FRAMES = ("P0/1/a.png", "P0/2/a.png", "b.png")
FILE = Path("centres.txt")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("P0/2/a.png", 1),
        ("/data/P0/2/a.png", 1),
        ("../P0/1/a.png", 0),
        ("2/a.png", 1),
        ("b.png", 2),
        ("anywhere/b.png", 2),
        ("D:\\set\\P0\\1\\a.png", 0),
        ("3/a.png", None),
        ("ab.png", None),
        ("", None),
    ],
)
def test_more_or_fewer_folders(name, place):
    """What both have must be the same."""
    assert frame_names.places([name], FRAMES, FILE) == [place]


def test_the_very_name_goes_before_others_that_end_alike():
    """A frame beside a folder with one of its name."""
    assert frame_names.places(["a.png"], ["x/a.png", "a.png"], FILE) == [1]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["b.png", "a.png"], r"'a\.png' \(name 2\) fits 2: P0/1/a\.png, P0/2/a\.png"),
        (["b.png", "x/b.png"], r"names 1 and 2 both mean 'b\.png'"),
    ],
)
def test_what_is_not_clear_is_refused(names, said):
    """The sentence names file, name and frames."""
    with pytest.raises(ValueError, match=rf"centres\.txt must .*{said}"):
        frame_names.places(names, FRAMES, FILE)


def test_a_sentence_has_few_names():
    """Three, and the count of the others."""
    assert frame_names.listed(["a", "b"]) == "a, b"
    assert frame_names.listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
