"""`crossnets data init`: from a folder to crops, and guesses that are told until then."""

import numpy as np
from PIL import Image

from harness.commands import cli


def made(root, frames=6):
    """A folder as a device may leave it: PNG files and a CSV."""
    root.mkdir()
    head = ",".join(["frame", *(f"{n}_{a}" for n in ("wrist", "tip") for a in "xyz")])
    rows = [head]
    for row in range(frames):
        steps = np.zeros((480, 640), np.uint16)
        steps[200:300, 250:350] = 600 + row + np.arange(100) // 4 - 12
        Image.fromarray(steps).save(root / f"{row}.png")
        rows.append(f"{row}.png,0,0,{600 + row},10,20,{600 + row}")
    (root / "t.csv").write_text("\n".join(rows))
    return root


def test_from_a_folder_to_crops(tmp_path, capsys):
    """It writes a description once; `prepare` opens it and repeats the guesses."""
    root = made(tmp_path / "own")
    assert cli.run(["data", "init", str(root)]) == cli.DONE
    answer = capsys.readouterr().out
    assert f"{root}/dataset.toml is written. Guessed: " in answer
    assert f"crossnets data show folder:{root}" in answer
    written = (root / "dataset.toml").read_bytes()
    assert cli.run(["data", "init", str(root)]) == cli.USAGE
    assert "is there; change it" in capsys.readouterr().err
    assert (root / "dataset.toml").read_bytes() == written
    words = ["data", "prepare", f"folder:{root}", "--side", "32", "--store"]
    assert cli.run([*words, str(tmp_path)]) == cli.DONE
    shown = capsys.readouterr()
    assert "6 frames, 6 labels, crops of 32 px" in shown.out
    assert (shown.out + shown.err).count(
        "guesses frames.unit_mm, frames.nothing, camera"
    ) == 1


def test_a_folder_that_is_none(tmp_path, capsys):
    """One sentence, and nothing is written."""
    assert cli.run(["data", "init", str(tmp_path)]) == cli.USAGE
    assert "must hold one table" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
