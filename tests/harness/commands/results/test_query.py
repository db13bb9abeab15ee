import json

import pytest

from harness.commands import cli
from results import Store
from results.format import schema


def test_rows_are_printed_as_they_are(driven, capsys):
    """The ratios take turns, six trials each."""
    driven.run()
    driven.writer.flush()
    sql = "SELECT labelled_ratio AS r, count(*) AS n FROM trials GROUP BY r ORDER BY r"
    words = ["query", sql, "--store", str(driven.store.storage.root)]
    assert cli.run([*words, "--format", "json"]) == cli.DONE
    answer = json.loads(capsys.readouterr().out)
    assert answer == [{"r": 0.5, "n": 6}, {"r": 1.0, "n": 6}]


def test_the_schema_lists_every_column_with_type_and_unit(tmp_path, capsys):
    """Without a store; the values that a column takes are there where all is wished."""
    words = ["query", "--schema", "--store", str(tmp_path / "none")]
    assert cli.run([*words, "--format", "json"]) == cli.DONE
    rows = json.loads(capsys.readouterr().out)
    found = {(row["table"], row["column"]): row for row in rows}
    assert set(found) == {
        (table, name) for table in schema.TABLES for name in schema.schema(table).names
    }
    assert found["reports", "objective_mm"]["unit"] == "mm"
    assert found["reports", "objective_mm"]["type"] == "double"
    assert "completed, stopped" in found["trials", "state"]["values"]
    assert cli.run(words) == cli.DONE
    out, err = capsys.readouterr()
    assert "objective_mm" in out
    assert "completed, stopped" not in out
    assert "next: crossnets query 'SELECT ... FROM trials_wide' --store" in err


@pytest.mark.parametrize(
    ("more", "given"), [([], "neither"), (["SELECT 1", "--schema"], "both")]
)
def test_sql_or_the_schema(capsys, more, given):
    """One of the two has to be asked for."""
    assert cli.run(["query", *more]) == cli.USAGE
    assert f"query needs SQL or `--schema`, got {given}." in capsys.readouterr().err


def test_a_statement_that_would_write_is_refused(tmp_path, capsys):
    """One sentence; nothing on standard output."""
    Store.open(tmp_path, create=True)
    assert cli.run(["query", "DROP TABLE trials", "--store", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "`sql` must be one SELECT statement" in err


@pytest.mark.parametrize(
    ("sql", "near"),
    [
        ("FROM trial", "trial does not exist! Did you mean "),
        ("SELECT stat FROM trials", 'Candidate bindings: "'),
        ("SELECT flor(1.5)", 'Did you mean "floor"?'),
        ("SELECT 1\nFROM trial\nWHERE x", "Did you mean "),
    ],
)
def test_what_duckdb_suggests_is_kept(tmp_path, capsys, sql, near):
    """In the one sentence; the place that it points at is not."""
    Store.open(tmp_path, create=True)
    assert cli.run(["query", sql, "--store", str(tmp_path)]) == cli.USAGE
    err = capsys.readouterr().err
    assert near in err
    assert err.count("\n") == 1
    assert "LINE" not in err
    assert "^" not in err
