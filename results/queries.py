"""Questions to a store: rows without duplicates, the best trials, progress, SQL.

Everything takes and gives Arrow tables. Files are read and checked here, through
`Store`; DuckDB sees only what was read, and can reach no file, no network and no
Python variable.
"""

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from results import ranking
from results.format import schema
from results.store import Store
from results.writing.drivers import Driver


if TYPE_CHECKING:
    import duckdb

_LOOK_S = 0.1
"""How often a question that runs is looked after."""

_SEALED = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "50%",  # what a question may take of this machine
    "temp_directory": "",
}


@dataclass(frozen=True, kw_only=True)
class Rung:
    """How many trials of one labelled ratio met a rung, and what became of them."""

    labelled_ratio: float
    rung: int
    """Epoch of the joint stage at which trials are compared."""
    reached: int
    stopped: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a search is."""

    search: str
    states: dict[str, int]
    """Trials by state, in the order of `schema.STATES`; none has an entry of 0."""
    best: pa.Table
    """The best trial of each labelled ratio; see `best`."""
    rungs: tuple[Rung, ...]
    """By labelled ratio, then by epoch."""
    driver: str | None
    """Process and host that drive it now; None if nobody does."""


def connect(store: Store, search: str | None = None) -> "duckdb.DuckDBPyConnection":
    """A DuckDB connection to what the store holds now, shut off from all else.

    Views: those named like a table hold the newest row of each key; `trial_events`
    holds every row of `trials` that was written; `trials_wide` is `trials` with a
    column a searched parameter, named as in `--set`, such as `"losses.kl"`.

    Args:
        store: The store.
        search: One search, or None for all.

    Returns:
        The connection; close it.

    Raises:
        ValueError: If there is no such search.
        StorageError: If a file is damaged or cannot be read.
        SchemaMismatch: If a newer major version wrote a file.
    """
    connection = _connect({t: store.rows(t, search) for t in schema.TABLES})
    _widen(connection)
    connection.execute("SET lock_configuration = true")
    return connection


def wide(store: Store, search: str | None = None) -> pa.Table:
    """The newest row of each trial, with a column a searched parameter.

    Args:
        store: The store.
        search: One search, or None for all.

    Returns:
        The columns of `trials`, then the parameters under their dotted names; those
        of trials that do not have a parameter are null. Sorted by key.

    Raises:
        ValueError: If there is no such search.
        StorageError: If a file is damaged or cannot be read.
        SchemaMismatch: If a newer major version wrote a file.
    """
    tables = {table: store.rows(table, search) for table in ("trials", "parameters")}
    with _connect(tables) as connection:
        _widen(connection)
        sql = "FROM trials_wide ORDER BY search, trial"
        return connection.sql(sql).to_arrow_table()


def read(store: Store, table: str, search: str | None = None) -> pa.Table:
    """The newest row of each key of a table.

    Args:
        store: The store.
        table: Name of the table.
        search: One search, or None for all.

    Returns:
        The rows, sorted by key.

    Raises:
        ValueError: If the table is unknown, or there is no such search.
        StorageError: If a file is damaged or cannot be read.
        SchemaMismatch: If a newer major version wrote a file.
    """
    rows = store.rows(table, search)
    with _connect({table: rows}) as connection:
        order = ", ".join(schema.TABLES[table].key)
        return connection.sql(f"FROM {table} ORDER BY {order}").to_arrow_table()


def query(store: Store, sql: str, search: str | None = None) -> pa.Table:
    """The answer to one SELECT over the views of `connect`.

    Args:
        store: The store.
        sql: One SELECT statement in DuckDB's dialect.
        search: One search, or None for all.

    Returns:
        The answer.

    Raises:
        ValueError: If `sql` is not one SELECT statement, or DuckDB refuses it.
        StorageError: If a file is damaged or cannot be read.
        SchemaMismatch: If a newer major version wrote a file.
    """
    import duckdb

    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"`sql` must be text, got {sql!r}.") from error
    with connect(store, search) as connection:
        try:
            statements = connection.extract_statements(sql)
            kinds = [statement.type for statement in statements]
            if kinds != [duckdb.StatementType.SELECT]:
                raise ValueError(
                    f"`sql` must be one SELECT statement, got {len(kinds)} of "
                    f"{', '.join(kind.name for kind in kinds) or 'any kind'}."
                )
            return _interruptible(connection, sql)
        except duckdb.Error as error:
            # What it points at stands last; what may have been meant is before it.
            cause = " ".join(str(error).partition("\nLINE ")[0].split())
            raise ValueError(
                f"`sql` must be valid, and DuckDB says: {cause}"
            ) from error


def best(
    trials: pa.Table, *, per: str | None = "labelled_ratio", top: int = 1
) -> pa.Table:
    """The best trials: by objective, of those that came half as far as the furthest.

    The rule is that of `results.ranking`. A trial without a finite objective is never
    among them, nor is one that diverged, collapsed or crashed.

    Args:
        trials: Rows of `trials`, one a trial, as `read` or `wide` gives them.
        per: Column whose values are ranked apart; None ranks all together.
        top: How many of each, 1 or more.

    Returns:
        The rows with a column `rank` (from 1), sorted by `per`, then by rank.

    Raises:
        ValueError: If `per` is no column or `top` is below 1.
    """
    if per is not None and per not in trials.schema.names:
        known = ", ".join(trials.schema.names)
        raise ValueError(f"`per` must be one of {known}, got {per!r}.")
    if not top >= 1:
        raise ValueError(f"`top` must be 1 or more, got {top}.")
    groups: dict[Any, dict[int, ranking.Standing | None]] = {}
    facts = trials.select(["state", "epoch", "objective_mm", "number"]).to_pylist()
    keys = [None] * len(facts) if per is None else trials[per].to_pylist()
    for place, (key, row) in enumerate(zip(keys, facts, strict=True)):
        groups.setdefault(key, {})[place] = ranking.standing(**row)
    ranks: dict[int, int] = {}  # by place, in the order of the answer
    for key in sorted(groups, key=lambda key: (key is not None, key)):
        chosen = ranking.best(groups[key], top)
        ranks |= {place: rank for rank, place in enumerate(chosen, 1)}
    rows = trials.take(pa.array(list(ranks), pa.int64()))
    return rows.append_column("rank", pa.array(list(ranks.values()), pa.int32()))


def progress(store: Store, search: str) -> Progress:
    """How far a search is, from what is stored now.

    Args:
        store: The store.
        search: Name of the search.

    Returns:
        The state of its trials, the best of them, and its rungs.

    Raises:
        ValueError: If there is no such search.
        StorageError: If a file is damaged or cannot be read.
        SchemaMismatch: If a newer major version wrote a file.
    """
    trials = read(store, "trials", search)
    decisions = read(store, "decisions", search)
    counts = Counter(trials["state"].to_pylist())
    driver = store.driver(search)
    return Progress(
        search=search,
        states={state: counts[state] for state in schema.STATES if counts[state]},
        best=best(trials),
        rungs=_rungs(decisions),
        driver=None if driver is None else _named(driver),
    )


def _named(driver: Driver) -> str:
    """A driver for people; of one that cannot be asked, when it was heard of."""
    name = f"process {driver.pid} on {driver.host}"
    heard = driver.last_beat_utc
    return name if heard is None else f"{name}, last heard of at {heard}"


def _interruptible(connection: "duckdb.DuckDBPyConnection", sql: str) -> pa.Table:
    """The answer, from a thread of its own: DuckDB takes no Ctrl-C in this one."""
    found: list[pa.Table | Exception] = []
    done = threading.Event()  # a `join` that is interrupted takes the thread for dead

    def answer() -> None:
        try:
            found.append(connection.sql(sql).to_arrow_table())
        except Exception as error:  # raised where it is awaited
            found.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=answer, daemon=True)
    try:
        thread.start()
        while not done.wait(_LOOK_S):
            pass
    except KeyboardInterrupt:
        while not done.wait(_LOOK_S):  # again and again: it may not have begun yet
            connection.interrupt()
        raise
    (result,) = found
    if isinstance(result, Exception):
        raise result
    return result


def _rungs(decisions: pa.Table) -> tuple[Rung, ...]:
    """Trials that met each rung; a trial that met one twice counts once."""
    last: dict[tuple[float, int, str], str] = {}
    columns = ["labelled_ratio", "rung", "trial", "action"]
    for row in decisions.select(columns).to_pylist():
        if row["rung"] is not None:  # a budget is no comparison
            last[row["labelled_ratio"], row["rung"], row["trial"]] = row["action"]
    reached = Counter(key[:2] for key in last)
    held = ("stop", "pause")
    stopped = Counter(key[:2] for key, action in last.items() if action in held)
    return tuple(
        Rung(labelled_ratio=key[0], rung=key[1], reached=count, stopped=stopped[key])
        for key, count in sorted(reached.items())
    )


def _connect(tables: dict[str, pa.Table]) -> "duckdb.DuckDBPyConnection":
    """A sealed connection with a view of the newest rows of each table."""
    import duckdb

    connection = duckdb.connect(":memory:", config=_SEALED)
    for table, rows in tables.items():
        raw = "trial_events" if table == "trials" else f"_{table}_rows"
        key = ", ".join(schema.TABLES[table].key)
        connection.register(raw, rows)
        connection.execute(
            f"CREATE VIEW {table} AS FROM {raw} QUALIFY row_number() OVER "
            f"(PARTITION BY {key} ORDER BY driver_epoch DESC, attempt DESC, seq DESC) = 1"
        )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_external_access = false")
    return connection


def _widen(connection: "duckdb.DuckDBPyConnection") -> None:
    """Add the view `trials_wide`, where `trials` and `parameters` are there."""
    kinds: dict[str, set[str]] = {}
    for name, kind in connection.sql(
        "SELECT DISTINCT name, kind FROM parameters"
    ).fetchall():
        kinds.setdefault(name, set()).add(kind)
    columns = [
        f"max({_cell(found)}) FILTER (name = {_text(name)}) AS {_quoted(name)}"
        for name, found in sorted(kinds.items())
    ]
    grouped = ", ".join(["search", "trial", *columns])
    connection.execute(
        "CREATE VIEW trials_wide AS FROM trials LEFT JOIN "
        f"(SELECT {grouped} FROM parameters GROUP BY search, trial) "
        "USING (search, trial)"
    )


def _cell(kinds: set[str]) -> str:
    """The value of a parameter in SQL, in a type that fits all its kinds."""
    if "string" in kinds:
        return "coalesce(text, value::VARCHAR)"
    if kinds == {"int"}:
        return "value::BIGINT"
    return "value::BOOLEAN" if kinds == {"bool"} else "value"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
