"""Tests of `crossnets search` on a search that has ended: nothing is left to run."""

from pathlib import Path

import pytest

from harness.commands import cli, exit_codes
from results import Store


CHANGED = ("vae.", "gan.epochs", "gan.steps", "gan.batch", "joint.", "health.")
"""How the fields begin that the trial has otherwise than the preset."""


def again(store: Path) -> list[str]:
    """The words of that search."""
    base = Store.open(store).header("s").base_config
    words = ["search", "s", "--data", "synthetic:40", "--preset", "tiny"]
    words += ["--ratios", "1.0", "--trials", "1", "--store", str(store), "--set"]
    changed = {name: base[name] for name in base if name.startswith(CHANGED)}
    return [*words, *(f"{name}={value}" for name, value in changed.items())]


@pytest.mark.parametrize(
    ("steps", "code"), [(3, exit_codes.DONE), (1, exit_codes.FAILED)]
)
def test_an_ended_search_prints_its_leaderboard(train, tmp_path, capsys, steps, code):
    """One whose only trial crashed exits with 1."""
    store = tmp_path / "runs"
    train(store, steps=steps)
    assert cli.run(again(store)) == code
    out, err = capsys.readouterr()
    states = Store.open(store).rows("trials", "s")["state"].to_pylist()
    assert states[-1] == ("completed" if steps == 3 else "crashed")
    assert ("s: best by mean_joint_error_mm" in out) == (steps == 3)
    error_mm = Store.open(store).rows("trials", "s")["objective_mm"].to_pylist()[-1]
    last = f"s: best at 1: t-00001 with {error_mm or 0:.2f} mm"
    last += f"; next: crossnets rerun s --store {store}\n"
    assert err.endswith(last) == (steps == 3)


def test_another_search_of_that_name_is_refused(train, tmp_path, capsys):
    """Another seed is another search."""
    train(tmp_path / "runs", steps=3)
    assert cli.run([*again(tmp_path / "runs"), "--seed", "1"]) == cli.USAGE
    assert "`name` must be new or the same search" in capsys.readouterr().err
