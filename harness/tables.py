"""Tables as people and machines read them: rich, JSON or CSV.

Data go to standard output, and nothing else does. On a terminal a table is
drawn; in a pipe it is the same text without colours.
"""

import csv
import io
import json
import math
from datetime import datetime
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table


FORMATS = ("table", "json", "csv")
"""What `--format` takes."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t")
"""First characters by which a spreadsheet takes a cell for a formula."""

DRAWN_WIDTH = 400
"""Columns of text when the output is no terminal, so that nothing is folded."""


def show(table: pa.Table, style: str, title: str = "") -> str:
    """The table as text in one of `FORMATS`.

    Args:
        table: Any rows.
        style: One of `FORMATS`.
        title: Stands above a drawn table.

    Raises:
        ValueError: If `style` is unknown.
    """
    if style not in FORMATS:
        known = ", ".join(FORMATS)
        raise ValueError(f"`--format` must be one of {known}, got {style!r}.")
    if style == "json":
        rows = [{n: _plain(v) for n, v in row.items()} for row in table.to_pylist()]
        return json.dumps(rows, indent=1, allow_nan=False)
    if style == "csv":
        return _csv(table)
    return _drawn(table, title)


def rounded(value: Any) -> str:
    """One value as a person reads it: four digits, `-` for nothing."""
    if value is None:
        return "-"
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return ", ".join(rounded(part) for part in value)
    return printable(str(value))


def printable(text: str) -> str:
    """Text without control characters, which could steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _drawn(table: pa.Table, title: str) -> str:
    drawn = Table(title=escape(title) or None, title_justify="left")
    for field in table.schema:
        number = pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
        name = escape(printable(field.name))
        drawn.add_column(name, justify="right" if number else "left")
    for row in table.to_pylist():
        drawn.add_row(*(escape(rounded(value)) for value in row.values()))
    terminal = Console()
    width = terminal.width if terminal.is_terminal else DRAWN_WIDTH
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(drawn)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def _csv(table: pa.Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_cell(name) for name in table.schema.names)
    for row in table.to_pylist():
        writer.writerow(_cell(_plain(value)) for value in row.values())
    return out.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return "" if value is None else value


def _plain(value: Any) -> Any:
    """A value that strict JSON can hold; numbers that are none become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    return (
        value if value is None or isinstance(value, int | float | str) else str(value)
    )
