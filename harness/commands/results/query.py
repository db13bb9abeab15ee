"""`crossnets query`: print the answer to a question in SQL."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import Format, StoreFolder
from harness.commands.exit_codes import DONE


@dataclass(frozen=True, kw_only=True)
class Query:
    """SQL over the tables trials, reports, decisions and finals."""

    sql: Positional[Annotated[str, arg(metavar="SQL")]]
    """One SELECT statement in DuckDB's dialect."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    format: Format = "table"
    """How the answer is printed."""


def run(options: Query) -> int:
    """Print the rows that the statement gives."""
    from harness.commands.printing import messages, tables
    from results import Store, queries

    rows = queries.query(Store.open(options.store), options.sql)
    messages.answer(tables.show(rows, options.format))
    return DONE
