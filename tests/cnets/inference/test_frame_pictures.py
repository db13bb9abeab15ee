"""A frame under its title: what is drawn, and where."""

import numpy as np

from cnets.inference import frame_pictures


def test_joints_and_title():
    """Half as large as the frame: the bone lies at half its pixels, below the title."""
    frame_mm = np.zeros((480, 640), np.float32)
    frame_mm[100:300, 200:400] = 500
    joints = np.array([[220, 200], [380, 200], [np.nan, np.nan]])
    title = ("frame", "50 % on the hand")
    drawn = frame_pictures.tile(frame_mm, joints, [(0, 1), (1, 2)], title)
    top = frame_pictures.TITLE_PX
    assert drawn.shape == (240 + top, 320, 3)
    assert drawn[:top].any()
    coloured = (drawn.max(-1) != drawn.min(-1))[top:]
    v, u = np.nonzero(coloured)
    assert 98 <= v.min() <= v.max() <= 102
    assert 110 <= u.min() <= u.max() <= 190
    assert (drawn[top + 60, 120:180] == frame_pictures.BRIGHTEST).all()


def test_no_label_nothing_seen_and_a_long_name():
    """A blank frame has its title only, cut at its left to the tile's width."""
    drawn = frame_pictures.tile(
        np.zeros((240, 320), np.float32), None, [], ("x" * 500, "\N{BLACK HEART SUIT}")
    )
    assert drawn.shape == (240 + frame_pictures.TITLE_PX, 320, 3)
    assert not drawn[frame_pictures.TITLE_PX :].any()
    assert not drawn[:, -4:].any()
