"""What is said of a described data set."""

from pathlib import Path

import pytest

from harness.commands.printing import own_data


def test_a_command_that_counts(tmp_path, capsys):
    """It prints the notes with the counts, so nothing is said twice."""
    own_data.tell("train", f"folder:{tmp_path}")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("data", [None, 3, "synthetic", "nyu:x", "folder"])
def test_nothing_is_said_of_other_data(data, capsys):
    """Only a folder with a description has guesses."""
    own_data.tell("evaluate", data)
    assert capsys.readouterr() == ("", "")


def test_a_folder_without_a_description(tmp_path):
    """It is refused as the reader would refuse it."""
    with pytest.raises(ValueError, match=r"must hold dataset\.toml"):
        own_data.tell("evaluate", f"folder+mirror:{tmp_path}")


def test_what_was_written():
    """The next command can be typed as it stands."""
    said = own_data.written(Path("my data/dataset.toml"), ["hand"])
    assert said.splitlines()[-1] == (
        "crossnets data show 'folder:my data' --out hands.png"
    )
