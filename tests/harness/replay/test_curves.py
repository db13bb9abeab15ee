"""Files in TaskSet's form are read as they are, or refused."""

import gzip
import json
import math

import numpy as np
import pytest

from harness.replay import curves
from harness.replay.curves import Curves


def test_a_file_by_hand(tmp_path, write_curves):
    """Ranks of the hyperparameters, losses with NaN, name of the task."""
    write_curves(tmp_path / "one.json.gz")
    (read,) = curves.read(tmp_path)
    assert (read.task, read.names, read.epochs) == ("one", ("rate", "decay"), 5)
    assert read.points[:, 1] == pytest.approx((np.arange(12) + 0.5) / 12)
    assert read.points[0, 0] == read.points[5, 0] == read.points[10, 0]
    assert math.isnan(read.losses[0, 2])
    assert read.rows[3][0] == 4.0
    assert set(read.space.parameters) == {"rate", "decay"}


def test_regret_by_hand(tmp_path, write_curves):
    """0 for the best, 1 for the median of the finite ends, infinite for the others."""
    regrets = curves.read_file(write_curves(tmp_path / "one.json.gz")).regrets
    assert regrets[:4] == pytest.approx([math.inf, 0.0, 0.2, 0.4])
    assert regrets[6] == pytest.approx(1.0)


def test_ratios_are_scored_apart(make_task):
    """The best of each has none, whatever the level of its losses."""
    regrets = make_task((0.5, 1.0)).regrets
    assert regrets[:60] == pytest.approx(regrets[60:])


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        b"[]",
        b"[1]",
        json.dumps([{"hp": {"a": 1.0}, "valid": {"loss": [1.0]}}]).encode(),
        json.dumps([{"hp": {"a": "x"}, "valid": {"loss": [1.0, 2.0]}}]).encode(),
        json.dumps([{"hp": {"a": float("nan")}, "valid": {"loss": [1.0, 2]}}]).encode(),
        json.dumps([{"hp": {"a": 1.0}, "valid": {"loss": [1.0, None]}}]).encode(),
    ],
)
def test_other_files_are_refused(tmp_path, content):
    """In one sentence that names the file."""
    (tmp_path / "bad.json.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match="`curves` must"):
        curves.read(tmp_path)


def test_a_file_that_is_not_gzipped_is_refused(tmp_path):
    """Likewise, and so is a folder without one."""
    with pytest.raises(ValueError, match=r"a folder with \.json\.gz files"):
        curves.read(tmp_path)
    (tmp_path / "bad.json.gz").write_text("[]")
    with pytest.raises(ValueError, match=r"bad\.json\.gz is none"):
        curves.read(tmp_path)


def test_a_table_without_a_finite_end_is_refused():
    """There would be no best."""
    with pytest.raises(ValueError, match="a finite end"):
        Curves("t", ("a",), np.array([[0.5]]), np.array([[1.0, math.nan]]))
