import math

import numpy as np
import pyarrow as pa
import pytest

from results.format import schema
from results.format.schema import SchemaMismatch


@pytest.mark.parametrize("table", schema.TABLES)
class TestEveryTable:
    def test_key_is_never_null(self, table):
        """Every column of a key exists and refuses nulls."""
        columns = schema.schema(table)
        for name in schema.TABLES[table].key:
            assert not columns.field(name).nullable

    def test_common_columns(self, table):
        """Every table has search, epoch, sequence number, attempt and time in UTC."""
        columns = schema.schema(table)
        assert [
            columns.field(name).type
            for name in ("search_id", "epoch", "seq", "attempt", "time_utc")
        ] == [
            pa.string(),
            pa.int32(),
            pa.int64(),
            pa.int32(),
            pa.timestamp("us", tz="UTC"),
        ]

    def test_version_in_metadata(self, table):
        """The metadata of the schema names table and version."""
        assert schema.schema(table).metadata == {
            b"crossnets.table": table.encode(),
            b"crossnets.schema_version": schema.VERSION.encode(),
        }

    def test_example_row_passes(self, table, make):
        """A good row comes back with the same values and None for the rest."""
        columns = schema.schema(table, {"losses.kl": "float", "latent_size": "int"})
        row = make.rows[table]
        checked = schema.check_row(table, columns, row)
        assert {name: value for name, value in checked.items() if name in row} == row
        assert all(checked[name] is None for name in set(checked) - set(row))

    def test_each_needed_column_is_missed(self, table, make):
        """A row without a column that refuses nulls is refused by its name."""
        columns = schema.schema(table, {"losses.kl": "float", "latent_size": "int"})
        row = make.rows[table]
        assigned = {field.name for field in schema.ASSIGNED}
        for field in columns:
            if field.nullable or field.name in assigned:
                continue
            rest = {name: row[name] for name in row if name != field.name}
            with pytest.raises(SchemaMismatch, match=f"a `{field.name}` in every"):
                schema.check_row(table, columns, rest)


class TestParameterColumns:
    def test_by_hand(self):
        """Dots become underscores, types are Arrow's, the ratio is left out."""
        columns = schema.parameter_columns(
            {"a.b": "float", "c": "int", "d": "string", "e": "bool"}
            | {"labelled_ratio": "float"}
        )
        assert columns == (
            pa.field("a_b", pa.float64()),
            pa.field("c", pa.int64()),
            pa.field("d", pa.string()),
            pa.field("e", pa.bool_()),
        )

    def test_unknown_type(self):
        """A type that is none of the four is refused."""
        with pytest.raises(ValueError, match=r"`a` must be one of .*, got 'double'"):
            schema.parameter_columns({"a": "double"})

    @pytest.mark.parametrize("names", [("a.b", "a_b"), ("seed",), ("search_id",)])
    def test_same_column_twice(self, names):
        """A parameter whose column stands already is refused."""
        with pytest.raises(ValueError, match="must differ from other columns"):
            schema.parameter_columns(dict.fromkeys(names, "int"))


class TestSchema:
    def test_unknown_table(self):
        """A table that is not known is refused with the known ones."""
        with pytest.raises(ValueError, match=r"one of trials, .*, got 'trial'"):
            schema.schema("trial")

    def test_only_trials_have_parameters(self):
        """Parameters add columns to `trials` and to no other table."""
        assert "a_b" in schema.schema("trials", {"a.b": "int"}).names
        assert "a_b" not in schema.schema("reports", {"a.b": "int"}).names

    def test_all_loss_terms_are_reported(self):
        """Each loss term is a column of `reports` that may be null."""
        columns = schema.schema("reports")
        assert all(columns.field(name).nullable for name in schema.LOSS_TERMS)

    def test_health_figures_came_later(self):
        """They may be null, and rows of version 1.0, which lack them, still fit."""
        columns = schema.schema("reports")
        assert all(columns.field(name).nullable for name in schema.HEALTH_FIGURES)
        old = [f for f in columns if f.name not in schema.HEALTH_FIGURES]
        assert len(old) == len(columns) - 4
        assert schema.merged("reports", [pa.schema(old)]).equals(columns)


class TestCheckRow:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("step", 1.0),
            ("step", True),
            ("step", 2**31),
            ("step", -(2**31) - 1),
            ("step", "1"),
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
            schema.check_row("reports", columns, make.report(**{name: value}))

    @pytest.mark.parametrize("value", ["text", [1.0, "2"], [1.0, None], 20.0])
    def test_wrong_list(self, value, make):
        """A list of errors must be a list, and all its parts numbers."""
        columns = schema.schema("finals")
        with pytest.raises(SchemaMismatch, match="per_joint_mm` must be of type list"):
            schema.check_row("finals", columns, make.final(per_joint_mm=value))

    def test_wrong_switch(self, make):
        """A parameter of type bool takes no number."""
        columns = schema.schema("trials", {"flag": "bool"})
        row = make.trial(flag=1)
        del row["losses_kl"], row["latent_size"]
        with pytest.raises(SchemaMismatch, match=r"`trials.flag` must be of type bool"):
            schema.check_row("trials", columns, row)

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
        columns = schema.schema(table, {"losses.kl": "float", "latent_size": "int"})
        with pytest.raises(SchemaMismatch, match=r"must be one of .*, got 'lost'"):
            schema.check_row(table, columns, make.rows[table] | {name: "lost"})

    @pytest.mark.parametrize("name", ["loss", "seq", "search_id", "epoch", "time_utc"])
    def test_unknown_column(self, name, make):
        """Unknown columns and those that the writer fills in are refused."""
        columns = schema.schema("reports")
        with pytest.raises(SchemaMismatch, match=f"no column `{name}` to be given"):
            schema.check_row("reports", columns, make.report(**{name: 1}))

    def test_numbers_of_numpy(self, make):
        """Numbers of numpy become plain ones of the same value."""
        row = make.report(step=np.int64(3), kl=np.float32(0.5), objective_mm=7)
        checked = schema.check_row("reports", schema.schema("reports"), row)
        found = [checked[name] for name in ("step", "kl", "objective_mm")]
        assert found == [3, 0.5, 7.0]
        assert [type(value) for value in found] == [int, float, float]

    def test_not_finite(self, make):
        """NaN and infinity are values: a diverged trial is a result."""
        row = make.report(objective_mm=math.nan, kl=-math.inf)
        checked = schema.check_row("reports", schema.schema("reports"), row)
        assert math.isnan(checked["objective_mm"])
        assert checked["kl"] == -math.inf


class TestCheckVersion:
    @pytest.mark.parametrize("version", [schema.VERSION, "1.99", "0.3"])
    def test_readable(self, version):
        """Older versions and newer minor ones can be read."""
        schema.check_version("x.parquet", version)

    @pytest.mark.parametrize("version", ["2.0", "10.1"])
    def test_newer(self, version):
        """A newer major version is refused by file and version."""
        with pytest.raises(SchemaMismatch, match=rf"`x.parquet` .*, got {version}: in"):
            schema.check_version("x.parquet", version)

    @pytest.mark.parametrize("version", [None, "", "new"])
    def test_none(self, version):
        """What carries no version is refused."""
        with pytest.raises(SchemaMismatch, match="must carry a schema version"):
            schema.check_version("x.parquet", version)


class TestMerged:
    @pytest.mark.parametrize(
        ("kinds", "merged"),
        [
            (("int", "float"), pa.float64()),
            (("float", "int"), pa.float64()),
            (("int", "int"), pa.int64()),
            (("string", "float"), pa.string()),
            (("bool", "int"), pa.string()),
        ],
    )
    def test_types(self, kinds, merged):
        """Whole and real make real, anything with text makes text."""
        found = [schema.schema("trials", {"x": kind}) for kind in kinds]
        assert schema.merged("trials", found).field("x").type == merged

    def test_keeps_the_table(self):
        """Without files the schema is the table's own."""
        assert schema.merged("reports", []).equals(schema.schema("reports"))
