"""Plain Parquet readers read a store's tables without `results`."""

import math

import duckdb
import polars as pl
import pyarrow.compute as pc
import pyarrow.dataset
import pytest

from results import queries


class TestOtherReaders:
    """Plain readers of the raw files, with no line of ours."""

    @pytest.fixture
    def files(self, store, trials):
        """The folder of `trials`: two segments, and t-00006 is best."""
        trials(*({"number": n, "objective_mm": 30.0 - n} for n in range(5)))
        trials(
            {"number": 5, "objective_mm": math.nan, "state": "diverged"},
            {"number": 6, "objective_mm": 20.5},
            {"number": 7, "objective_mm": 1.0, "state": "stopped"},
        )
        best = queries.best(queries.read(store, "trials"))
        assert best["trial"].to_pylist() == ["t-00006"]
        assert len(list(store.storage.root.glob("trials/*/*"))) == 2
        return store.storage.root / "trials"

    def test_pyarrow(self, files):
        """Arrow finds the same best trial and no file that is not Parquet."""
        table = pyarrow.dataset.dataset(files, partitioning="hive").to_table(
            filter=pc.field("state") == "completed"
        )
        assert table.sort_by("objective_mm")["trial"][0].as_py() == "t-00006"

    @pytest.mark.parametrize("hive", [True, False])
    def test_duckdb(self, hive, files):
        """DuckDB finds the same best trial, with hive partitions and without."""
        found = duckdb.sql(
            f"SELECT trial FROM read_parquet('{files}/**/*.parquet', "
            f"union_by_name = true, hive_partitioning = {hive}) "
            "WHERE state = 'completed' ORDER BY objective_mm LIMIT 1"
        )
        assert found.fetchall() == [("t-00006",)]

    @pytest.mark.parametrize("hive", [True, False])
    def test_polars(self, hive, files):
        """Polars finds the same best trial, with hive partitions and without."""
        table = pl.scan_parquet(files / "**/*.parquet", hive_partitioning=hive)
        done = table.filter(pl.col("state") == "completed").sort("objective_mm")
        assert done.collect()["trial"][0] == "t-00006"
