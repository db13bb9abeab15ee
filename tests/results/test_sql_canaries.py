"""Questions in SQL that reach for files, the network or the process: none gets there."""

import os
import socket

import pyarrow as pa
import pytest

from harness.commands import cli
from results import queries


CANARY = "canary-7f3a"

TABLES = (
    "read_csv('{file}')",
    "read_csv_auto('{file}')",
    "read_text('{file}')",
    "read_blob('{file}')",
    "read_json('{file}')",
    "read_parquet('{file}')",
    "parquet_metadata('{file}')",
    "sniff_csv('{file}')",
    "glob('{folder}/*')",
    "'{file}'",
    "'{folder}/*.csv'",
    '"{file}"',
    "query('FROM read_text(''{file}'')')",
    "query_table('{file}')",
    "read_csv('http://127.0.0.1:{port}/x.csv')",
    "read_parquet('https://127.0.0.1:{port}/x.parquet')",
    "'http://127.0.0.1:{port}/x.csv'",
    "read_text('s3://bucket/x')",
    "read_csv('/dev/stdin')",
    "read_text('/proc/self/environ')",
    "duckdb_secrets()",
    "hidden",
    "store",
    "rows",
)
"""What may stand behind FROM."""

STATEMENTS = (
    "COPY (SELECT 1) TO '{new}'",
    "COPY trials FROM '{file}'",
    "COPY trials TO '{new}' (FORMAT parquet)",
    "ATTACH '{new}'",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs",
    "PRAGMA database_list",
    "PRAGMA enable_logging",
    "SET enable_external_access = true",
    "SET GLOBAL lock_configuration = false",
    "RESET memory_limit",
    "EXPORT DATABASE '{new}'",
    "IMPORT DATABASE '{folder}'",
    "CREATE TABLE x AS SELECT 1",
    "CREATE SECRET (TYPE s3)",
    "INSERT INTO trials VALUES (1)",
    "DELETE FROM trials",
    "DROP VIEW trials",
    "CALL pragma_version()",
    "CHECKPOINT",
    "VACUUM",
    "USE memory",
    "EXPLAIN ANALYZE SELECT 1",
    "PREPARE p AS SELECT 1",
    "BEGIN",
    "SELECT 1; COPY (SELECT 1) TO '{new}'",
    "SELECT 1; SELECT 2",
    "",
    ";",
    "SELECT",
    "SELECT \0",
    "\ud800",
    "SELECT getenv('HOME')",
    "SELECT " + "(" * 100_000 + "1" + ")" * 100_000,
)
"""What is no question to the tables, or too much of one."""

NESTED = (
    "SELECT * FROM {table}",
    "WITH a AS (SELECT * FROM {table}) SELECT * FROM a",
    "SELECT (SELECT count(*) FROM {table}) FROM trials",
    "SELECT * FROM trials UNION ALL BY NAME SELECT * FROM {table}",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM {table})",
    "FROM (FROM {table})",
)


@pytest.fixture
def ask(store, tmp_path, capsys):
    """Asks on the command line; says code, output and whether anything was reached."""
    (tmp_path / "outside").mkdir()
    file = tmp_path / "outside" / "secret.csv"
    file.write_text(f"a\n{CANARY}\n")
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0)
    places = {
        "file": str(file),
        "folder": str(file.parent),
        "new": str(tmp_path / "outside" / "new"),
        "port": str(server.getsockname()[1]),
    }

    def put(sql: str) -> tuple[int, str, str]:
        for name, place in places.items():
            sql = sql.replace(f"{{{name}}}", place)
        code = cli.run(["query", sql, "--store", str(store.storage.root)])
        said = capsys.readouterr()
        assert [path.name for path in file.parent.iterdir()] == ["secret.csv"]
        with pytest.raises(BlockingIOError):
            server.accept()
        return code, said.out, said.err

    yield put
    server.close()


@pytest.mark.parametrize("table", TABLES)
def test_no_table_but_the_stores_own(ask, table):
    """Files, network and Python's variables are refused, however deep they stand."""
    hidden = pa.table({"a": [CANARY]})  # a local variable, as DuckDB would find it
    for around in NESTED:
        code, out, err = ask(around.replace("{table}", table))
        assert (code, out) == (cli.USAGE, "")
        assert CANARY not in err
        assert err.count("\n") == 1
        assert err.startswith("crossnets: `sql` must be valid, and DuckDB says")
    assert len(hidden) == 1


@pytest.mark.parametrize("sql", STATEMENTS)
def test_nothing_but_one_question(ask, sql):
    """Every other statement is one sentence and exit code 2."""
    code, out, err = ask(sql)
    assert (code, out) == (cli.USAGE, "")
    assert err.count("\n") == 1
    assert err.startswith("crossnets: `sql` must be ")


def test_a_question_is_answered(ask):
    """The same fixture lets an honest question pass."""
    code, out, err = ask("SELECT count(*) AS n FROM trials")
    assert (code, err) == (cli.DONE, "1 row.\n")
    assert "n" in out


def test_memory_is_bounded(store):
    """Half of the machine's, and nothing is put into files instead."""
    names = (
        "current_setting('memory_limit') AS m, current_setting('temp_directory') AS t"
    )
    (row,) = queries.query(store, f"SELECT {names}").to_pylist()
    number, unit = row["m"].split()
    scale = {"MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert float(number) * scale <= 0.51 * machine
    assert row["t"] == ""
