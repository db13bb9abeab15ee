"""Tests of `crossnets data check`: what is printed, and the exit codes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from harness.commands import cli
from harness.commands.exit_codes import FAILED


@pytest.fixture
def healthy(scene):
    """A set of MSRA's form."""
    return scene("msra", 1, 9)


@pytest.fixture
def spoilt(healthy):
    """The same in eighths of a millimetre."""
    return replace(healthy, frames_mm=[frame * 8 for frame in healthy.frames_mm])


def test_table_and_picture(healthy, tmp_path, capsys):
    """Within 80 columns, with the rule; nothing is written but the picture."""
    out = tmp_path / "worst.png"
    spec = healthy.write(tmp_path / "set")
    assert cli.run(["data", "check", spec, "--out", str(out)]) == cli.DONE
    said = capsys.readouterr().out
    assert "9 of 9 frames looked at, drawn with seed" in " ".join(said.split())
    assert "On the hand: a pixel within 10 mm" in said
    assert max(map(len, said.splitlines()[2:])) <= 80
    assert out.read_bytes()[1:4] == b"PNG"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set", "worst.png"]


def test_json(healthy, tmp_path, capsys):
    """Every figure by name."""
    words = ["data", "check", healthy.write(tmp_path), "--format", "json"]
    assert cli.run([*words, "--frames", "4", "--worst", "2"]) == cli.DONE
    facts = json.loads(capsys.readouterr().out)
    assert (facts["frames"], facts["looked_at"], len(facts["worst"])) == (9, 4, 2)
    assert facts["on_hand_percent"] > 90
    assert facts["findings"] == []


def test_a_refusal(spoilt, tmp_path, capsys):
    """The figures, then one sentence on standard error, and code 2."""
    assert cli.run(["data", "check", spoilt.write(tmp_path)]) == cli.USAGE
    said = capsys.readouterr()
    assert "eighths of a millimetre" in said.err
    assert said.err.count("\n") == 1
    assert "of them on or beside the hand" in said.out


def test_a_warning(healthy, tmp_path, capsys):
    """It stands below the table, and the code is 0."""
    turned = replace(healthy, joints_mm=healthy.joints_mm * [1, -1, 1])
    assert cli.run(["data", "check", turned.write(tmp_path)]) == cli.DONE
    assert "Warning:" in (said := capsys.readouterr().out)
    assert "with y turned round" in " ".join(said.split())


@pytest.mark.parametrize(
    "words",
    [
        ["data", "prepare", "SPEC", "--side", "32"],
        ["train", "--data", "SPEC", "--preset", "tiny"],
        ["plan", "name", "--data", "SPEC"],
        ["search", "name", "--data", "SPEC"],
        ["doctor", "--data", "SPEC"],
    ],
)
def test_others_refuse_it_too(spoilt, tmp_path, capsys, words):
    """Whatever opens the set says the same sentence; no crop is made."""
    spec = spoilt.write(tmp_path / "set")
    store = ["--store", str(tmp_path / "store")]
    code = cli.run([word.replace("SPEC", spec) for word in words] + store)
    assert code == (FAILED if words[0] == "doctor" else cli.USAGE)
    said = capsys.readouterr()
    assert "eighths of a millimetre" in said.err + said.out
    assert not (tmp_path / "store").exists()


def test_prepare_says_what_it_saw(healthy, tmp_path, capsys):
    """The shares in a line, and the warnings about the set."""
    turned = replace(healthy, joints_mm=healthy.joints_mm * np.array([1, -1, 1]))
    words = ["data", "prepare", turned.write(tmp_path / "set"), "--side", "32"]
    assert cli.run([*words, "--store", str(tmp_path / "store")]) == cli.DONE
    said = capsys.readouterr()
    assert "9 of 9 frames looked at" in said.out
    assert "with y turned round" in said.out
