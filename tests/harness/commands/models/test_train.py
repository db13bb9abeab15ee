import json

import pytest

from harness.commands import cli, exit_codes
from results import Store


SHORT = (
    *("vae.epochs=1", "vae.steps=2", "gan.epochs=1", "gan.steps=2"),
    *("joint.epochs=2", "joint.steps=2"),
)


@pytest.fixture
def words(tmp_path) -> list[str]:
    """A run of two epochs on forty embedded frames."""
    words = ["train", "--data", "synthetic:40", "--preset", "tiny", "--format", "json"]
    return [*words, "--store", str(tmp_path / "runs"), "--set", *SHORT]


def test_out_keeps_checkpoints_and_changes_no_number(words, tmp_path, capsys):
    """With and without it the figures are the same, and a second call ends at once."""
    assert cli.run(words) == cli.DONE
    plain = capsys.readouterr()
    kept = [*words, "--out", str(tmp_path / "kept")]
    assert cli.run(kept) == cli.DONE
    assert capsys.readouterr().out == plain.out
    assert list((tmp_path / "kept").rglob("lane.*"))
    assert json.loads(plain.out)["epoch"] == 2
    assert any(line.startswith("joint 2/2 ") for line in plain.err.splitlines())


def test_a_trial_again_is_compared(train, tmp_path, capsys):
    """The same number is code 0; a store that has another is code 1."""
    train(tmp_path / "runs", steps=3)
    words = ["train", "--from", "s/t-00001", "--store", str(tmp_path / "runs")]
    assert cli.run(words) == cli.DONE
    assert "equal to the stored trial's" in capsys.readouterr().err
    store = Store.open(tmp_path / "runs")
    row = store.rows("trials", "s").to_pylist()[-1]
    row = {name: value for name, value in row.items() if value is not None}
    with store.writer("s") as writer:
        more = {"objective_mm": row["objective_mm"] + 1, "attempt": row["attempt"]}
        columns = {
            n: v
            for n, v in row.items()
            if n not in ("search", "driver_epoch", "seq", "time_utc")
        }
        writer.append("trials", columns | more)
    assert cli.run(words) == exit_codes.FAILED
    assert "but the stored trial has" in capsys.readouterr().err


@pytest.mark.parametrize("device", ["gpu", "cuda:0", ""])
def test_another_device_is_refused(words, capsys, device):
    """Before anything is made."""
    assert cli.run([*words[:7], "--device", device]) == cli.USAGE
    assert (
        f"`--device` must be one of auto, cpu, cuda, got {device!r}"
        in capsys.readouterr().err
    )


def test_a_gpu_that_is_not_there(words, capsys, monkeypatch, tmp_path):
    """One sentence, before data are opened; also where a model is evaluated."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    evaluate = ["evaluate", "--model", str(tmp_path), "--data", "synthetic:40"]
    for command in (words[:7], evaluate):
        assert cli.run([*command, "--device", "cuda"]) == cli.USAGE
        err = capsys.readouterr().err
        assert "must be cpu where torch finds no GPU, got 'cuda'." in err
        assert err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_share_of_the_test_split(words, capsys):
    """It is told from a folder, and refused where the split is too small for it."""
    assert cli.run([*words[:7], "--unlabelled", "test:0.5"]) == cli.USAGE
    said = capsys.readouterr().err
    assert "share of 0.5 makes 1 and 0 of the 2 test frames" in said


def test_a_file_of_poses_that_is_not_there(words, capsys):
    """One sentence, before anything is made."""
    assert cli.run([*words[:7], "--poses", "none.npy"]) == cli.USAGE
    assert "got 'none.npy': No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more",
    [
        ["--data", "synthetic"],
        ["--split", "person"],
        ["--unlabelled", "folder"],
        ["--poses", "file"],
        ["--init", "model"],
        ["--preset", "small"],
        ["--set", "losses.kl=2"],
    ],
)
def test_a_trial_again_takes_no_other_run(capsys, more):
    """What would be another run is refused beside `--from`, also a default."""
    assert cli.run(["train", "--from", "s/t-00001", *more]) == cli.USAGE
    assert f"`{more[0]}` must be left out with `--from`" in capsys.readouterr().err
