import pytest

from results.checking.verify import verify
from results.format import schema, segments


def test_an_entrant_that_is_no_trial(store, make):
    """Finals of the supervised baseline have no trial, and nothing is missing."""
    with store.writer("demo") as writer:
        writer.append("finals", make.final(entrant="supervised", trial=None))
    assert [*verify(store.storage)] == []


class TestDamage:
    def test_missing_header(self, full, findings):
        """Tables of a search without a header are named."""
        (full.storage.root / "searches/demo.json").unlink()
        problems = set(findings(full).values())
        assert problems == {"Its search `demo` has no header."}

    def test_missing_trials(self, full, findings):
        """Reports of a trial that has no row in `trials` betray a missing segment."""
        for path in (full.storage.root / "trials").rglob("*.parquet"):
            path.unlink()
        said = findings(full)
        assert said["reports/demo"] == (
            "It has rows of 3 trials that have no row in `trials`, such as `t-00000`."
        )
        assert len(said) == 3

    @pytest.mark.parametrize(
        "path",
        [
            "reports/demo/notes.txt",
            "reports/demo/x.parquet",
            "reports/loose.parquet",
            "trials/demo/deep/seg-0000001-000000001.parquet",
        ],
    )
    def test_strangers(self, full, path, findings, put):
        """A file in a table that is no segment of it is named."""
        put(full, path, b"")
        table = path.partition("/")[0]
        assert findings(full) == {path: f"It is no segment of `{table}`."}

    @pytest.mark.parametrize("hidden", [".x.parquet", "_x.parquet", "x.parquet.tmp"])
    def test_litter(self, full, hidden, findings, put):
        """So is what other tools leave, which breaks other readers."""
        put(full, f"reports/demo/{hidden}", b"")
        assert len(findings(full)) == 1

    def test_in_the_folder_of_another(self, full, make, findings, put):
        """A sound segment of another search, table or number is named."""
        full.create_search(make.header(name="other"))
        root = full.storage.root
        source = min((root / "reports").rglob("*.parquet"))
        for target, problem in (
            ("reports/other", "Its rows must all be of the search `other`."),
            ("trials/demo", "must be a file of `trials`, and is not."),
        ):
            copy = put(full, f"{target}/{source.name}", source.read_bytes())
            said = findings(full)
            assert problem in said[str(copy.relative_to(root))]
            copy.unlink()
        for name in ("seg-0000001-000000099.parquet", "seg-0000002-000000001.parquet"):
            copy = put(full, f"reports/demo/{name}", source.read_bytes())
            assert findings(full) == {
                f"reports/demo/{name}": "Its name must say the last driver epoch "
                "and sequence number in it."
            }
            copy.unlink()

    def test_a_newer_segment(self, full):
        """One of a later major version asks for a newer crossnets."""
        columns = schema.schema("finals")
        newer = {b"crossnets.schema_version": b"3.0"}
        columns = columns.with_metadata(columns.metadata | newer)
        path = min((full.storage.root / "finals").rglob("*.parquet"))
        rows = full.rows("finals").to_pylist()[:1]
        path.write_bytes(segments.encode(columns, rows))
        (found,) = verify(full.storage)
        assert found.remedy == "Install a newer crossnets."

    def test_rows_twice(self, full, findings):
        """A segment that holds a row twice cannot be, and is named."""
        path = min((full.storage.root / "finals").rglob("*.parquet"))
        table = full.rows("finals", "demo")
        rows = [row for row in table.to_pylist() if row["driver_epoch"] == 1]
        columns = schema.schema("finals")
        path.write_bytes(segments.encode(columns, rows * 2))
        assert list(findings(full).values()) == ["No row may stand in it twice."]

    def test_a_column_is_missing(self, full, findings):
        """A segment without a column that every row must have is named."""
        path = min((full.storage.root / "finals").rglob("*.parquet"))
        table = full.rows("finals", "demo").slice(0, 1).drop_columns("split")
        path.write_bytes(segments.encode(table.schema, table.to_pylist()))
        assert list(findings(full).values()) == ["It lacks the column `split`."]
