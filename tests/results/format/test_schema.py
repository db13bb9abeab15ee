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
            for name in ("search", "driver_epoch", "seq", "attempt", "time_utc")
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


class TestSchema:
    def test_unknown_table(self):
        """A table that is not known is refused with the known ones."""
        with pytest.raises(ValueError, match=r"one of trials, .*, got 'trial'"):
            schema.schema("trial")

    def test_all_loss_terms_are_reported(self):
        """Each loss term is a column of `reports` that may be null."""
        columns = schema.schema("reports")
        assert all(columns.field(name).nullable for name in schema.LOSS_TERMS)
