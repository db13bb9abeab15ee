import json

import pytest

from harness.commands.printing import damage
from results.checking.findings import KINDS, Finding


FINDINGS = [
    Finding(path="a.parquet", problem="It is cut.", remedy="Copy it back."),
    Finding(path="b.parquet", problem="It is \x1b[2J.", remedy="Delete it."),
]


@pytest.fixture
def checked() -> list[dict]:
    """Two segments, one of them looked at twice, and one record."""
    with damage.CheckBar(total=3) as bar:
        bar.seen("segments", "a.parquet", 1_500_000)
        bar.seen("segments", "b.parquet", 500_000)
        bar.seen("segments", "a.parquet", 1_500_000)
        bar.seen("records", "store.json", 10)
    return bar.checked()


def test_a_file_counts_once(checked):
    """Every kind has a row, also where there is nothing of it."""
    assert [row["checked"] for row in checked] == list(KINDS)
    counts = {row["checked"]: (row["files"], row["bytes"]) for row in checked}
    assert counts["segments"] == (2, 2_000_000)
    assert counts["records"] == (1, 10)
    assert counts["journals"] == (0, 0)


def test_the_table_leaves_out_what_there_is_none_of(checked, capsys):
    """Megabytes, and the verdict on standard error."""
    damage.show(checked, [], "table")
    out, err = capsys.readouterr()
    assert "2.0 MB" in out
    assert "journals" not in out
    assert err == "Every file is as it was written.\n"


@pytest.mark.parametrize(("count", "verdict"), [(1, "1 file is"), (2, "2 files are")])
def test_each_damage_is_a_row(checked, capsys, count, verdict):
    """File, problem and remedy, which steer no terminal."""
    damage.show(checked, FINDINGS[:count], "table")
    out, err = capsys.readouterr()
    for finding in FINDINGS[:count]:
        assert finding.path in out
        assert finding.remedy in out
    assert "\x1b" not in out
    assert err == f"{verdict} damaged.\n"


def test_json_has_both(checked, capsys):
    """One object, and nothing beside it."""
    damage.show(checked, FINDINGS, "json")
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert (facts["clean"], facts["checked"]) == (False, checked)
    assert facts["damage"][1] == vars(FINDINGS[1])
    assert err == ""
