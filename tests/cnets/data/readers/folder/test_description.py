"""`dataset.toml`: what each key means, and how it is refused."""

import pytest

from cnets.cameras import CAMERAS
from cnets.data.readers.folder import description


def test_what_is_not_said(own):
    """Defaults: 0 is nothing and no label, the split is by time, centres from depth."""
    told = description.read(own.describe())
    assert (told.form.nothing, told.missing, told.name) == ((0.0,), (0.0,), "{frame}")
    assert (told.split, told.centres, told.frame) == ("time", "depth", "frame")
    assert told.joints.columns[:4] == ("palm_x", "palm_y", "palm_z", "tip_x")
    assert (told.joints.signs, told.joints.kind) == ((1, -1, 1), "xyz")
    assert told.notes() == ()


def test_guesses_are_told(own):
    """Until they are taken out of the list."""
    told = description.read(
        own.describe(('hand = "right"', 'hand = "right"\nguessed = ["camera", "hand"]'))
    )
    (note,) = told.notes()
    assert "dataset.toml guesses camera, hand" in note


def test_a_camera_by_name(own):
    """One of those that are known."""
    text = own.toml
    start, stop = text.index("fx"), text.index("[frames]")
    told = description.read(own.describe((text[start:stop], 'name = "sr300"\n')))
    assert told.camera == CAMERAS["sr300"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("fx = 60.0", "fx = 0", r"`camera\.fx` must be a number above 0"),
        ("fx = 60.0\n", "", r"`camera\.fx` .* is missing"),
        ("width = 64", "width = 64.5", r"`camera\.width` must be a whole number"),
        ("fx = 60.0", "f_x = 60.0", r"`camera\.f_x` is no key .* did you mean `fx`"),
        ("unit_mm = 0.5\n", "", r"`frames\.unit_mm` .* is missing"),
        ('"csv"', '"xls"', r"`table\.form` must be a known word, got 'xls'"),
        ('file = "table"', 'file = "../t"', r"`table\.file` must lie in the folder"),
        ('"depth"', '"/tmp"', r"`frames\.folder` must lie in the folder"),
        ('hand = "right"', 'hand = "both"', r"`hand` must be a known word, got 'both'"),
        ('hand = "right"', "hand = 3", r"must have a table \[hand\], got 3"),
        ('hand = "right"', 'guessed = ["x"]', r"`guessed` must name keys, got 'x'"),
        ('["x", "-y", "z"]', '["x", "y"]', r"`joints\.axes` must be such as"),
        ('["x", "-y", "z"]', '["u", "v", "-d"]', "must have no sign at a pixel"),
        ('["x", "-y", "z"]', '["x", "-x", "z"]', r"`joints\.axes` must be such as"),
        ('"{joint}_{axis}"', '"{axis}"', r"`joints\.columns` must have \{joint\}"),
        ('"{joint}_{axis}"', '["a", "b"]', "3 for each of 3 joints, got 2"),
        (
            '["", "palm", "palm"]',
            '["", "palm"]',
            r"\[joints\]: `parents` must have one",
        ),
        ('["", "palm", "palm"]', '["", "pal", "palm"]', "did you mean `palm`"),
        ('["", "palm", "palm"]', '["tip", "palm", "palm"]', "must have no circle"),
        ('root = "palm"', 'root = "wrist"', "`root` must name joints, got 'wrist'"),
        ('["palm", "tip", "thumb"]', '["palm", "tip", "tip"]', "got 'tip' twice"),
        ('folder = "depth"', 'name = "x.png"', r"`frames\.name` must have \{frame\}"),
        (
            'folder = "depth"',
            "channels = [1, 2]",
            r"`frames\.channels` must have three",
        ),
    ],
)
def test_refused(own, old, new, sentence):
    """One sentence that names the file and the key."""
    with pytest.raises(ValueError, match=rf"dataset\.toml.*{sentence}"):
        description.read(own.describe((old, new)))


def test_no_description(tmp_path):
    """The sentence says which command writes one."""
    with pytest.raises(ValueError, match="crossnets data init"):
        description.read(tmp_path)
