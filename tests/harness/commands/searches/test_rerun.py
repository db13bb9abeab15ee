"""Tests of `crossnets rerun` where the store has every figure: nothing is run again."""

import csv
import io

import pytest

from harness import entrants, finals
from harness.commands import cli, exit_codes


@pytest.fixture
def words(driven):
    """The command for a search whose finals over one seed are stored."""
    driven.run()
    driven.writer.flush()
    for entrant in entrants.of(driven.store, driven.store.header("s"), 1):
        error = 20 + entrant.ratio + 5 * entrant.is_fixed
        row = {
            **{"attempt": 1, "entrant": entrant.name, "trial": entrant.trial},
            **{"labelled_ratio": entrant.ratio, "labelled_frames": 20},
            "final_seed": 8,  # the search's own is 7
            **{"state": "completed", "reason": "", "frames": 10},
            **{"mean_joint_error_mm": error, "validation_mm": 19.0},
            **{"mean_pose_mm": 40.0, "vae_floor_mm": 4.0},
            **{"config_json": "{}", "code_version": "test"},
        }
        for look, split in ((0, "validation"), (1, "test")):
            driven.writer.append("finals", row | {"look": look, "split": split})
    driven.writer.flush()
    return ["rerun", "s", "--seeds", "1", "--store", str(driven.store.storage.root)]


def test_finals_that_are_stored_are_printed(words, capsys):
    """A row an entrant with the test error that the store has, then the answer."""
    assert cli.run([*words, "--format", "csv"]) == cli.DONE
    out, err = capsys.readouterr()
    table = list(csv.DictReader(io.StringIO(out)))
    found = [(row["labelled_ratio"], row["test_mean_mm"]) for row in table]
    assert (
        found
        == [("0.5", "20.5")]
        + [("0.5", "25.5")] * 2
        + [("1.0", "21.0")]
        + [("1.0", "26.0")] * 2
    )
    said = " ".join(err.split())
    assert "is 5.0 mm better than the paper's setting with one seed" in said
    assert cli.run([*words, "--top", "0"]) == cli.USAGE


@pytest.mark.parametrize(
    ("finished", "crashed", "untested", "code"),
    [
        (True, 0, 0, exit_codes.DONE),
        (True, 1, 0, exit_codes.FAILED),
        (False, 0, 1, exit_codes.FAILED),
        (False, 0, 0, exit_codes.INTERRUPTED),
    ],
)
def test_how_it_ended_is_an_exit_code(
    words, monkeypatch, finished, crashed, untested, code
):
    """A run, or a test, that used up its retries is no interruption."""
    stored = finals.rerun("s", seeds=1, store=words[-1])
    ended = finals.Finals(
        table=stored.table,
        verdict=stored.verdict,
        finished=finished,
        crashed=crashed,
        untested=untested,
    )
    monkeypatch.setattr(finals, "rerun", lambda *_, **__: ended)
    assert cli.run(words) == code
