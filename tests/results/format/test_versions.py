import pyarrow as pa
import pytest

from results.format import schema, versions
from results.format.schema import SchemaMismatch


class TestCheckVersion:
    @pytest.mark.parametrize("version", [schema.VERSION, "1.99", "0.3"])
    def test_readable(self, version):
        """Older versions and newer minor ones can be read."""
        versions.check_version("x.parquet", version)

    @pytest.mark.parametrize("version", ["2.0", "10.1"])
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
        assert versions.merged("trials", found).field("x").type == merged

    def test_keeps_the_table(self):
        """Without files the schema is the table's own."""
        assert versions.merged("reports", []).equals(schema.schema("reports"))

    def test_health_figures_came_later(self):
        """They may be null, and rows of version 1.0, which lack them, still fit."""
        columns = schema.schema("reports")
        assert all(columns.field(name).nullable for name in schema.HEALTH_FIGURES)
        old = [f for f in columns if f.name not in schema.HEALTH_FIGURES]
        assert len(old) == len(columns) - 4
        assert versions.merged("reports", [pa.schema(old)]).equals(columns)


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
        [(None, "must carry a schema version"), (b"2.0", "install a newer crossnets")],
    )
    def test_other_version(self, version, problem):
        """A file without a version is refused, and so is one of a newer major one."""
        metadata = {schema.TABLE_KEY: b"reports"}
        if version is not None:
            metadata[schema.VERSION_KEY] = version
        with pytest.raises(SchemaMismatch, match=problem):
            versions.check_file("x", "reports", pa.schema([], metadata))
