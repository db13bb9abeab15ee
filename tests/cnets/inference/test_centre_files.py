"""Tests of `cnets.inference.centre_files`; its sentences are tried in `test_predict`."""

import math
import os

import numpy as np
import pytest

from cnets.inference import centre_files


@pytest.mark.parametrize(
    ("text", "by_name"),
    [
        ("1 2 300\n4,5,600\n", False),
        ("u v d\n1 2 300\n4 5 600", False),
        ("b.png 4 5 600\n\na.png 1 2 300", True),
        ("name,u,v,d\n x/b.png , 4 , 5 , 600\na.png,1,2,300", True),
    ],
)
def test_rows(tmp_path, text, by_name):
    """A row a frame, whichever way it says which."""
    (tmp_path / "c").write_text(text)
    found = centre_files.read(tmp_path / "c", ["in/a.png", "x/b.png"])
    assert found.uvd.dtype == np.float32
    assert found.uvd.tolist() == [[1, 2, 300], [4, 5, 600]]
    assert found.by_name == by_name


@pytest.mark.parametrize("uvd", [(0.0, 0.0, 10.0), (639.0, 479.5, 1500.0)])
def test_a_centre_in_reach_passes(uvd):
    """The corners of the frame, and both ends of the depths."""
    centre_files.check("it", uvd, (640, 480))


@pytest.mark.parametrize(
    ("uvd", "said"),
    [
        ((1.0, 2.0, 9.9), "it must have a depth of 10 to 1500 mm, got 9.9"),
        ((1.0, 2.0, 1501.0), "it must have a depth"),
        ((1.0, 2.0, math.nan), "it must have a depth"),
        (
            (640.0, 2.0, 500.0),
            "it must lie in the frame of 640 x 480 pixels, got 640, 2",
        ),
        ((1.0, -0.1, 500.0), "it must lie in the frame"),
        ((math.nan, 2.0, 500.0), "it must lie in the frame"),
    ],
)
def test_one_out_of_reach_does_not(uvd, said):
    """With the rule, the value and what may be wrong."""
    with pytest.raises(ValueError, match=said):
        centre_files.check("it", uvd, (640, 480))
    with pytest.raises(ValueError, match="depth"):
        centre_files.check("it", (*uvd[:2], 0.0), None)


@pytest.mark.parametrize("kind", ["pipe", "folder", "nothing"])
def test_what_is_no_file(tmp_path, kind):
    """It is refused at once; nobody writes into the pipe."""
    path = tmp_path / "c"
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "folder":
        path.mkdir()
    with pytest.raises(ValueError, match="c must be a file, and is none"):
        centre_files.read(path, ["a.png"])
