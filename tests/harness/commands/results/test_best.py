import csv
import io

import pytest

from harness.commands import cli


@pytest.fixture
def words(driven) -> list[str]:
    """Twelve trials at two ratios."""
    driven.run()
    driven.writer.flush()
    return ["best", "s", "--store", str(driven.store.storage.root), "--format", "csv"]


def rows(capsys, words: list[str]) -> list[dict[str, str]]:
    """What is printed, a row a trial."""
    assert cli.run(words) == cli.DONE
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_each_ratio_has_its_best(capsys, words, driven):
    """The smallest error of the trials that completed, at each ratio."""
    done = [t for t in driven.policy.trials.values() if t.state == "completed"]
    for row in rows(capsys, words):
        ratio = float(row["labelled_ratio"])
        errors = [t.objective_mm for t in done if t.proposal.ratio == ratio]
        assert float(row["objective_mm"]) == min(errors)
        assert float(row["mean_pose_mm"]) == 40


def test_none_ranks_all_together(capsys, words):
    """Three of all, in the order of their errors."""
    table = rows(capsys, [*words, "--per", "None", "--top", "3"])
    errors = [float(row["objective_mm"]) for row in table]
    assert len(errors) == 3
    assert errors == sorted(errors)
