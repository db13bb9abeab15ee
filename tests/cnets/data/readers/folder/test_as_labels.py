"""A described folder as the labels that a file of predictions is compared with."""

import json

import numpy as np
import pytest

from harness import evaluate


SPLIT = '[split]\nby = "column"\ncolumn = "part"\n[joints]'


@pytest.fixture
def tested(own):
    """The folder whose last three frames are for test; the tip of one is not known."""
    joints = (own.joints_mm * [1, -1, 1]).round(4).tolist()
    joints[3][1] = [None, None, None]
    lines = [
        json.dumps(
            {"frame": name, "joints": pose, "part": "train" if n < 2 else "test"}
        )
        for n, (name, pose) in enumerate(zip(own.names(), joints, strict=True))
    ]
    own.write(
        "\n".join(lines),
        **{
            '"csv"': '"jsonl"',
            'columns = "{joint}_{axis}"': 'columns = "joints"',
            "[joints]": SPLIT,
        },
    )
    return own


def test_predictions_by_name(tested, tmp_path):
    """In any order, 3 mm off along z everywhere; the unknown joint does not count."""
    rows = []
    for row in (4, 2, 3):
        x, y, z = tested.joints_mm[row].T
        pose = np.stack([x, y, z + 3], 1)
        rows.append(f"{row}.png " + " ".join(f"{v:.4f}" for v in pose.ravel()))
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(rows) + "\n")
    found = evaluate.of_predictions(path, f"folder:{tested.root}", unit="xyz")
    assert found.joints == ("palm", "tip", "thumb")
    assert found.figures["mean_joint_error_mm"] == pytest.approx(3.0, abs=1e-3)
    assert found.figures["joints_scored"] == 8


def test_nothing_to_test(own, tmp_path):
    """A folder without a labelled test frame is refused in a sentence."""
    lines = own.root / "table"
    held = lines.read_text().splitlines()
    split = [f"{held[0]},part", *(f"{line},train" for line in held[1:])]
    own.write("\n".join(split), **{"[joints]": SPLIT})
    (tmp_path / "mine.txt").write_text("1 2 3\n")
    with pytest.raises(ValueError, match="must have a test frame with a label"):
        evaluate.of_predictions(tmp_path / "mine.txt", f"folder:{own.root}")
