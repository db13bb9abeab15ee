import pyarrow as pa
import pytest

from results.format import schema


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
