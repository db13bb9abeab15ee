"""`crossnets query`: print the answer to a question in SQL, or what can be asked for."""

from dataclasses import dataclass
from typing import Annotated, Any

from tyro.conf import Positional, arg

from harness.commands.arguments import Format, StoreFolder
from harness.commands.exit_codes import DONE


MAIN = ("table", "column", "type", "unit")
"""What a person is shown of a column unless all is wished for."""

VIEWS = (
    "Also: trials_wide, trials with a column for each searched parameter, and "
    "trial_events, every row of trials"
)
"""What can be asked for besides the tables."""


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
    from harness.commands.printing import hints, messages, tables
    from results import Store, queries

    if (options.sql is None) is not options.schema:
        given = "neither" if options.sql is None else "both"
        raise ValueError(f"query needs SQL or `--schema`, got {given}.")
    if options.sql is not None:
        found = queries.query(Store.open(options.store), options.sql)
        messages.answer(tables.show(found, options.format, wide=options.wide))
        hints.tell(hints.count(len(found), "row"), style=options.format)
        return DONE
    shown = tables.show(columns(), options.format, main=MAIN, wide=options.wide)
    messages.answer(shown)
    words = ("query", "SELECT ... FROM trials_wide")
    hints.tell(VIEWS, *words, store=options.store, style=options.format)
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
