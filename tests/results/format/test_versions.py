import pyarrow as pa
import pytest

from results.format import schema, versions
from results.format.schema import SchemaMismatch


class TestCheckVersion:
    @pytest.mark.parametrize("version", [schema.VERSION, "2.99", "1.1"])
    def test_readable(self, version):
        """Older versions and newer minor ones can be read."""
        versions.check_version("x.parquet", version)

    @pytest.mark.parametrize("version", ["3.0", "10.1"])
    def test_newer(self, version):
        """A newer major version is refused by file and version."""
        with pytest.raises(SchemaMismatch, match=rf"`x.parquet` .*, got {version}: in"):
            versions.check_version("x.parquet", version)

    @pytest.mark.parametrize("version", [None, "", "new"])
    def test_none(self, version):
        """What carries no version is refused."""
        with pytest.raises(SchemaMismatch, match="must carry a schema version"):
            versions.check_version("x.parquet", version)


class TestMerged:
    def test_keeps_the_table(self):
        """Without files the schema is the table's own."""
        assert versions.merged("reports", []).equals(schema.schema("reports"))

    def test_columns_of_a_newer_minor_version_are_kept(self):
        """They come after the table's own; those of an older major one do not."""
        columns = schema.schema("reports")
        newer = columns.append(pa.field("new", pa.float64()))
        found = versions.merged("reports", [columns, newer])
        assert found.names == [*columns.names, "new"]
        old = newer.with_metadata({schema.VERSION_KEY: b"1.1"})
        assert versions.merged("reports", [old]).equals(columns)


class TestCheckFile:
    def test_own(self):
        """A file of the table and of this version is accepted."""
        versions.check_file("x.parquet", "reports", schema.schema("reports"))

    def test_other_table(self):
        """A file of another table is refused by its path."""
        with pytest.raises(SchemaMismatch, match="`x` must be a file of `trials`"):
            versions.check_file("x", "trials", schema.schema("reports"))

    @pytest.mark.parametrize(
        ("version", "problem"),
        [(None, "must carry a schema version"), (b"3.0", "install a newer crossnets")],
    )
    def test_other_version(self, version, problem):
        """A file without a version is refused, and so is one of a newer major one."""
        metadata = {schema.TABLE_KEY: b"reports"}
        if version is not None:
            metadata[schema.VERSION_KEY] = version
        with pytest.raises(SchemaMismatch, match=problem):
            versions.check_file("x", "reports", pa.schema([], metadata))
