"""Plain Parquet readers read a store's tables without `results`, by their defaults."""

import math

import duckdb
import pandas
import polars
import pyarrow.parquet as pq
import pytest

from results.format import parameter_rows, schema


def by_arrow(folder):
    """What pyarrow reads of a folder."""
    return pq.read_table(folder)


def by_pandas(folder):
    """What pandas reads of a folder."""
    frame = pandas.read_parquet(folder, dtype_backend="pyarrow")
    return frame.convert_dtypes(dtype_backend="pyarrow")


def by_polars(folder):
    """What Polars reads of a folder."""
    return polars.read_parquet(folder)


def by_duckdb(folder):
    """What DuckDB reads of a folder's files."""
    return duckdb.sql(f"FROM '{folder}/**/*.parquet'").to_arrow_table()


def columns(table):
    """Names of the columns of what a reader gave."""
    return list(getattr(table, "column_names", table.columns))


def cells(table, name):
    """The cells of a column, those that are empty as None."""
    column = table[name]
    given = column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()
    return [None if cell is pandas.NA else cell for cell in given]


@pytest.fixture
def two_searches(store, make):
    """The folder of a store with two searches of different spaces, one named `inf`."""
    store.create_search(
        make.header(name="inf", parameters={"losses.posterior": "float"})
    )
    values = {
        "demo": {"losses.kl": 0.5, "latent_size": 20, "networks.norm": "batch"},
        "inf": {"losses.posterior": 300.0, "latent_size": 2.5},
    }
    for search, space in values.items():
        with store.writer(search) as writer:
            for number in range(3):
                best = number == 2
                trial = make.trial(number, objective_mm=20.0 if best else math.inf)
                writer.append_many(
                    [("trials", trial)]
                    + [
                        ("parameters", {"attempt": 0, "trial": trial["trial"]} | row)
                        for row in parameter_rows.rows(space)
                    ]
                    + [(t, make.rows[t]) for t in ("reports", "decisions", "finals")]
                    + [("frames", make.rows["frames"])]
                )
                writer.flush()
    return store


@pytest.mark.parametrize("read", [by_arrow, by_pandas, by_polars, by_duckdb])
class TestDefaultCall:
    @pytest.mark.parametrize("table", schema.TABLES)
    def test_same_rows_and_columns(self, read, table, two_searches):
        """Every reader finds the rows and columns that the store itself gives."""
        found = read(two_searches.storage.root / table)
        own = two_searches.rows(table)
        assert columns(found) == own.schema.names
        for name in ("search", "driver_epoch", "seq"):
            assert sorted(cells(found, name)) == sorted(own[name].to_pylist())

    def test_best(self, read, two_searches):
        """The best trial of each search is found, with its text columns as text."""
        found = read(two_searches.storage.root / "trials")
        names = ("search", "trial", "objective_mm", "state")
        rows = zip(*(cells(found, name) for name in names), strict=True)
        best = {row for row in rows if row[2] == 20.0}
        assert best == {
            ("demo", "t-00002", 20.0, "completed"),
            ("inf", "t-00002", 20.0, "completed"),
        }

    def test_parameters(self, read, two_searches):
        """Parameters have the names of `--set`; numbers are numbers in every search."""
        found = read(two_searches.storage.root / "parameters")
        names = ("search", "name", "value", "text")
        rows = set(zip(*(cells(found, name) for name in names), strict=True))
        assert rows == {
            ("demo", "losses.kl", 0.5, None),
            ("demo", "latent_size", 20.0, None),
            ("demo", "networks.norm", None, "batch"),
            ("inf", "losses.posterior", 300.0, None),
            ("inf", "latent_size", 2.5, None),
        }
