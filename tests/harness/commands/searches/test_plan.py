import json
from pathlib import Path

import pytest
import torch

from harness.commands import cli, parsing


SPACE = Path(__file__).parents[2] / "late_weights.toml"
SHORT = (
    "networks.channels=2",
    "vae.epochs=2",
    "vae.steps=3",
    "gan.epochs=2",
    "gan.steps=2",
    "gan.batch_size=8",
    "joint.epochs=3",
    "joint.steps=2",
    "joint.batch_size=8",
)


def test_the_command_prints_a_table_and_json(tmp_path, monkeypatch, capsys):
    """Both say the same numbers, and nothing but prepared data is written."""
    monkeypatch.chdir(tmp_path)
    words = ["plan", "mine", "--data", "synthetic:40", "--space", str(SPACE)]
    words += ["--preset", "tiny", "--trials", "12", "--concurrency", "2"]
    words += ["--scheduler", "stop"]
    words += ["--set", *SHORT]
    assert cli.run([*words, "--format", "json"]) == cli.DONE
    said = json.loads(capsys.readouterr().out)
    assert said["with_tree"]["pre_trainings"] == {"vae": 4, "gan": 2}
    assert said["without_tree"]["iterations"] == 72 + 48 + 24 + 40
    assert said["slots"] == 2
    assert cli.run(words) == cli.DONE
    out = capsys.readouterr().out
    assert "pre-trainings, gan" in out
    assert "184" in out
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["cache"]
    assert cli.run([*words, "--format", "csv"]) == cli.USAGE


def test_a_file_sets_its_options(tmp_path, capsys):
    """Flags win, as for `search`; a file that is missing is refused."""
    (tmp_path / "p.toml").write_text("trials = 5\neta = 4.0\n[run]\nvae.steps = 3\n")
    words = ["plan", "s", "--config", str(tmp_path / "p.toml"), "--eta", "2"]
    _, typed = parsing.parse(words)
    assert (typed.trials, typed.eta, typed.set) == (5, 2.0, ("vae.steps=3",))
    assert cli.run(["plan", "s", "--config", "nowhere.toml"]) == cli.USAGE
    assert "`config` must be a file to read" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_here(capsys):
    """One sentence, before data are made."""
    assert cli.run(["plan", "s", "--device", "cuda"]) == cli.USAGE
    assert "`--device` must be cpu where torch finds no GPU" in capsys.readouterr().err
