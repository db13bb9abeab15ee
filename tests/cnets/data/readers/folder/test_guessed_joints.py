"""Which joints a table seems to have, and how they hang together."""

from pathlib import Path

from cnets.data.readers.folder import guessed_joints
from cnets.data.readers.folder.tables import Table


def table(row, **more):
    """A table of one row."""
    return Table(
        path=Path("t"), columns=tuple(row), rows=[row], places=["row 1"], **more
    )


def test_fingers_are_chains():
    """From the palm outwards by the names' parts, in whatever order they come."""
    names = ("index_tip", "wrist", "index_mcp", "thumb_tip", "index_pip", "index_dip")
    cells = {f"{name}.{axis}": 500 for name in names for axis in "xyz"}
    found, guessed = guessed_joints.look(table({"frame": "a"} | cells))
    parents = dict(zip(found["names"], found["parents"], strict=True))
    assert parents == {
        "wrist": "",
        "index_mcp": "wrist",
        "index_pip": "index_mcp",
        "index_dip": "index_pip",
        "index_tip": "index_dip",
        "thumb_tip": "wrist",
    }
    assert (found["columns"], found["root"]) == ("{joint}.{axis}", "wrist")
    assert guessed == {"axes", "unit_mm", "parents"}


def test_numbers_in_one_column():
    """Without names joints are numbered, and that is a guess."""
    found, guessed = guessed_joints.look(
        table({"frame": "a", "pose": [[1, 2, 500]] * 4})
    )
    assert found["names"] == ["joint_0", "joint_1", "joint_2", "joint_3"]
    assert found["columns"] == "pose"
    assert {"names", "root", "parents"} <= guessed


def test_coco_names_and_bones():
    """The category says both, so neither is a guess."""
    held = table(
        {"frame": "a", "keypoints": [1, 2, 2] * 3},
        joint_names=("wrist", "b", "c"),
        bones=((0, 2), (2, 1)),
    )
    found, guessed = guessed_joints.look(held)
    assert found["parents"] == ["", "c", "wrist"]
    assert found["axes"] == ["u", "v", "visible"]
    assert guessed == {"behind_mm"}
