import math

import numpy as np
import pytest

from results.format import row_checks, schema
from results.format.schema import SchemaMismatch


@pytest.mark.parametrize("table", schema.TABLES)
class TestEveryTable:
    def test_example_row_passes(self, table, make):
        """A good row comes back with the same values and None for the rest."""
        columns = schema.schema(table)
        row = make.rows[table]
        checked = row_checks.check_row(table, columns, row)
        assert {name: value for name, value in checked.items() if name in row} == row
        assert all(checked[name] is None for name in set(checked) - set(row))

    def test_each_needed_column_is_missed(self, table, make):
        """A row without a column that refuses nulls is refused by its name."""
        columns = schema.schema(table)
        row = make.rows[table]
        assigned = {field.name for field in schema.ASSIGNED}
        for field in columns:
            if field.nullable or field.name in assigned:
                continue
            rest = {name: row[name] for name in row if name != field.name}
            with pytest.raises(SchemaMismatch, match=f"a `{field.name}` in every"):
                row_checks.check_row(table, columns, rest)


class TestCheckRow:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("epoch", 1.0),
            ("epoch", True),
            ("epoch", 2**31),
            ("epoch", -(2**31) - 1),
            ("epoch", "1"),
            ("objective_mm", "20"),
            ("objective_mm", True),
            ("objective_mm", 10**400),
            ("trial", 1),
            ("trial", b"t-00001"),
            ("trial", "\ud800"),
        ],
    )
    def test_wrong_type(self, name, value, make):
        """A value that Arrow would refuse or change is refused."""
        columns = schema.schema("reports")
        with pytest.raises(SchemaMismatch, match=f"`reports.{name}` must be of type"):
            row_checks.check_row("reports", columns, make.report(**{name: value}))

    @pytest.mark.parametrize("value", ["text", [1.0, "2"], [1.0, None], 20.0])
    def test_wrong_list(self, value, make):
        """A list of errors must be a list, and all its parts numbers."""
        columns = schema.schema("finals")
        with pytest.raises(SchemaMismatch, match="per_joint_mm` must be of type list"):
            row_checks.check_row("finals", columns, make.final(per_joint_mm=value))

    @pytest.mark.parametrize(
        ("table", "name"),
        [
            ("trials", "state"),
            ("trials", "event"),
            ("trials", "origin"),
            ("decisions", "action"),
        ],
    )
    def test_unknown_word(self, table, name, make):
        """A word that is none of the listed ones is refused with the list."""
        columns = schema.schema(table)
        with pytest.raises(SchemaMismatch, match=r"must be one of .*, got 'lost'"):
            row_checks.check_row(table, columns, make.rows[table] | {name: "lost"})

    @pytest.mark.parametrize(
        "name", ["loss", "seq", "search", "driver_epoch", "time_utc"]
    )
    def test_unknown_column(self, name, make):
        """Unknown columns and those that the writer fills in are refused."""
        columns = schema.schema("reports")
        with pytest.raises(SchemaMismatch, match=f"no column `{name}` to be given"):
            row_checks.check_row("reports", columns, make.report(**{name: 1}))

    def test_numbers_of_numpy(self, make):
        """Numbers of numpy become plain ones of the same value."""
        row = make.report(step=np.int64(3), kl=np.float32(0.5), objective_mm=7)
        checked = row_checks.check_row("reports", schema.schema("reports"), row)
        found = [checked[name] for name in ("epoch", "kl", "objective_mm")]
        assert found == [3, 0.5, 7.0]
        assert [type(value) for value in found] == [int, float, float]

    def test_not_finite(self, make):
        """NaN and infinity are values: a diverged trial is a result."""
        row = make.report(objective_mm=math.nan, kl=-math.inf)
        checked = row_checks.check_row("reports", schema.schema("reports"), row)
        assert math.isnan(checked["objective_mm"])
        assert checked["kl"] == -math.inf
