"""Tests of `harness.commands.printing.evaluation`: the same numbers in each format."""

import csv
import io
import json

from harness.commands import cli


FRAMES = 40
"""Frames of the small set."""


def said(capsys, words: list[str]) -> dict:
    """The JSON that `crossnets evaluate` prints."""
    assert cli.run(["evaluate", *words, "--format", "json"]) == cli.DONE
    return json.loads(capsys.readouterr().out)


class TestFormats:
    def test_csv(self, capsys, labels, rows):
        """A row a figure, a row a joint, the same numbers as JSON."""
        found = said(capsys, [rows, "--data", labels])
        words = ["evaluate", rows, "--data", labels, "--format", "csv"]
        assert cli.run(words) == cli.DONE
        table = csv.DictReader(io.StringIO(capsys.readouterr().out))
        cells = {(row["figure"], row["joint"]): float(row["value"]) for row in table}
        for joint, value in zip(found["joints"], found["per_joint_mm"], strict=True):
            assert cells.pop(("per_joint_mm", joint)) == value
        assert cells == {(name, ""): found[name] for name, _ in cells}
        assert len(cells) == 13  # those of `test_every_figure_again`, and four counts

    def test_table(self, capsys, labels, rows):
        """What was evaluated on one line, then each number to three or four digits."""
        found = said(capsys, [rows, "--data", labels])
        words = ["evaluate", rows, "--data", labels, "--half-millimetre"]
        assert cli.run(words) == cli.DONE
        title, *lines = capsys.readouterr().out.splitlines()
        assert title == f"{rows} on {labels}: {FRAMES} frames"
        cells = [[cell.strip() for cell in line.split("│")] for line in lines]
        held = {cell[1]: cell[2] for cell in cells if len(cell) > 2}
        wanted = dict(zip(found["joints"], found["per_joint_mm"], strict=True))
        wanted["mean joint error"] = found["mean_joint_error_mm"]
        wanted["joint error, 95th percentile"] = found["p95_joint_error_mm"]
        for name, value in wanted.items():
            assert held[name] == f"{value:.3f} mm"
        assert held["frames with all joints within 20 mm"] == "1.0000"
        assert held["added to every threshold"] == "+0.5 mm"
