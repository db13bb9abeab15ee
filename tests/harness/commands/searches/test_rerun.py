"""Tests of `crossnets rerun` where the store has every figure: nothing is run again."""

import csv
import io

from harness.commands import cli


def test_finals_that_are_stored_are_printed(driven, capsys):
    """A row a ratio, with the test error that the store has."""
    driven.run()
    rows = driven.store.rows("trials", "s").to_pylist()
    driven.writer.flush()
    rows = driven.store.rows("trials", "s").to_pylist()
    for trial in {row["trial"] for row in rows}:
        ratio = next(r["labelled_ratio"] for r in rows if r["trial"] == trial)
        driven.writer.append(
            "finals",
            {
                "attempt": 1,
                "entrant": trial,
                "look": 1,
                "state": "completed",
                "reason": "",
                "trial": trial,
                "labelled_ratio": ratio,
                "final_seed": 8,  # the search's own is 7
                "split": "test",
                "frames": 10,
                "mean_joint_error_mm": 20 + ratio,
                "frames_within_40mm": 0.5,
                "validation_mm": 19.0,
                "search_mm": 18.0,
                "mean_pose_mm": 40.0,
                "wall_time_s": 1.0,
                "config_json": "{}",
                "code_version": "test",
            },
        )
    driven.writer.flush()
    root = str(driven.store.storage.root)
    words = ["rerun", "s", "--seeds", "1", "--store", root]
    assert cli.run([*words, "--format", "csv"]) == cli.DONE
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    found = [(row["labelled_ratio"], row["test_mean_mm"]) for row in table]
    assert found == [("0.5", "20.5"), ("1.0", "21.0")]
    assert cli.run([*words, "--top", "0"]) == cli.USAGE
