"""`crossnets query`: print the answer to a question in SQL, or what can be asked for."""

from dataclasses import dataclass
from typing import Annotated, Any

from tyro.conf import Positional, arg

from harness.commands.arguments import Format, StoreFolder
from harness.commands.exit_codes import DONE


@dataclass(frozen=True, kw_only=True)
class Query:
    """SQL over the tables of a store; --schema lists tables and columns."""

    sql: Positional[Annotated[str | None, arg(metavar="SQL")]] = None
    """One SELECT statement in DuckDB's dialect."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    schema: bool = False
    """List tables and columns, with their types and units."""
    wide: bool = False
    """Show every column; in a pipe, do not fold lines."""
    format: Format = "table"
    """How the answer is printed."""


def run(options: Query) -> int:
    """Print the rows that the statement gives, or the columns there are."""
    from harness.commands.printing import messages, tables
    from results import Store, queries

    if (options.sql is None) is not options.schema:
        given = "neither" if options.sql is None else "both"
        raise ValueError(f"query needs SQL or `--schema`, got {given}.")
    if options.sql is None:
        main = ("table", "column", "type", "unit")
        rows = columns()
        shown = tables.show(rows, options.format, main=main, wide=options.wide)
    else:
        found = queries.query(Store.open(options.store), options.sql)
        shown = tables.show(found, options.format, wide=options.wide)
    messages.answer(shown)
    if options.schema and options.format == "table":
        messages.note(
            "Also: trials_wide, trials with a column for each searched parameter; "
            "trial_events, every row of trials instead of the newest of each."
        )
    return DONE


def columns() -> list[dict[str, Any]]:
    """A row a column of every table: its type, its unit, and the values it takes."""
    from harness.commands.printing import units
    from results.format import schema

    return [
        {
            "table": table,
            "column": field.name,
            "type": str(field.type).partition("[")[0],
            "unit": units.of(field.name),
            "values": ", ".join(schema.WORDS.get((table, field.name), ())) or None,
        }
        for table in schema.TABLES
        for field in schema.schema(table)
    ]
