"""Tables as people and machines read them: rich, JSON or CSV.

Data go to standard output, and nothing else does. A drawn table fits the terminal,
in a pipe 80 columns; no number and no name is cut. It may show main columns alone,
while JSON and CSV have all. Text in a table or a CSV cell is shown and never obeyed,
by a terminal, by rich or by a spreadsheet; JSON has it to the letter.
"""

import csv
import io
import json
import math
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from rich.box import ASCII2, HEAVY_HEAD, Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.definition.terminal import printable


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters by which a spreadsheet takes a cell for a formula."""

PIPE_WIDTH = 80
"""Characters of a line where the output is no terminal."""

WHOLE_WORD = 48
"""Characters of a word that is never folded; a path or a hash may be longer."""

WIDEST = 100_000
"""The same where everything is wished for: nothing is folded."""


def show(
    rows: pa.Table | list[dict[str, Any]],
    style: str,
    title: str = "",
    *,
    main: Sequence[str] = (),
    wide: bool = False,
) -> str:
    """The table as text in one of the formats.

    Args:
        rows: A table, or its rows by the names of the columns.
        style: `table`, `json` or `csv`.
        title: Stands above a drawn table.
        main: Columns that a drawn table has, in this order, unless `wide`; empty:
            all of them. One that the table lacks is passed over.
        wide: Whether a drawn table has every column and, in a pipe, no folded line.
    """
    table = pa.Table.from_pylist(rows) if isinstance(rows, list) else rows
    if style == "json":
        return as_json(table.to_pylist())
    if style == "csv":
        return _csv(table)
    room = width(wide=wide)
    if wide or not main:
        return _drawn(table, title, room)
    shown = [name for name in main if name in table.schema.names]
    drawn = _drawn(table.select(shown), title, room)
    left_out = len(table.schema.names) - len(shown)
    columns = "column" if left_out == 1 else "columns"
    return f"{drawn}\n({left_out} more {columns} with --wide)" if left_out else drawn


def folded(text: str, width: int) -> str:
    """Text in lines of so many characters, broken between words where it can be."""
    lines = Text(printable(text)).wrap(Console(width=width), width)
    return "\n".join(line.plain.rstrip() for line in lines)


def as_json(value: Any) -> str:
    """Strict JSON: numbers that are none become text."""
    return json.dumps(_plain(value), indent=1, allow_nan=False)


def rounded(value: Any) -> str:
    """One value as a person reads it: four digits, `-` for nothing."""
    if value is None:
        return "-"
    if isinstance(value, Decimal):
        return rounded(_plain(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return (
            f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}".removesuffix(".0")
        )
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return ", ".join(rounded(part) for part in value)
    return printable(str(value))


def width(*, wide: bool = False) -> int:
    """Characters that a line may have.

    Args:
        wide: Whether a line in a pipe may be as long as it gets.
    """
    terminal = Console()
    if terminal.is_terminal:
        return terminal.width
    return WIDEST if wide else PIPE_WIDTH


def _drawn(table: pa.Table, title: str, width: int) -> str:
    """Title and table; where the table does not fit, a block a row."""
    names = [printable(name) for name in table.schema.names]
    rows = [[rounded(value) for value in row] for row in _rows(table)]
    above = [folded(title, width)] if title else []
    for heads in (names, [name.replace("_", " ") for name in names]):
        cells = zip(heads, *rows, strict=True)
        if widths := _fitted([list(column) for column in cells], width):
            break
    else:
        return "\n".join([*above, _blocks(names, rows, width)])
    drawn = Table(box=_box())
    for field, head, columns in zip(table.schema, heads, widths, strict=True):
        number = pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
        side = "right" if number else "left"
        drawn.add_column(Text(head), justify=side, width=columns, overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    return "\n".join([*above, _printed(drawn, width)])


def _fitted(columns: list[list[str]], width: int) -> list[int] | None:
    """Widths in which words stay whole; None if the columns do not fit that way.

    The widest column gives way first, down to its longest word.
    """
    wide = [max(map(cell_len, cells)) for cells in columns]
    words = [[word for cell in cells for word in cell.split()] for cells in columns]
    longest = [max(map(cell_len, found), default=0) for found in words]
    least = [min(length, WHOLE_WORD) for length in longest]
    room = width - 3 * len(columns) - 1  # a line and two spaces a column
    while sum(wide) > room:
        loose = [
            n for n, (now, end) in enumerate(zip(wide, least, strict=True)) if now > end
        ]
        if not loose:
            return None
        wide[max(loose, key=wide.__getitem__)] -= 1
    return wide


def _blocks(names: list[str], rows: list[list[str]], width: int) -> str:
    """Name and value a line, a block a row; a long value goes on below itself."""
    drawn = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    longest = max(map(cell_len, names))
    if longest > width // 2:  # a long name is folded between its words
        names = [name.replace("_", " ") for name in names]
    drawn.add_column(width=min(longest, width // 2), overflow="fold")
    drawn.add_column(overflow="fold")
    for number, row in enumerate(rows):
        if number:
            drawn.add_row("", "")
        for name, value in zip(names, row, strict=True):
            drawn.add_row(Text(name), Text(value))
    return _printed(drawn, width)


def _printed(drawn: Table, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(drawn)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def _box() -> Box:
    """Lines that the output can show."""
    try:
        "\u250f\u2501".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return ASCII2
    return HEAVY_HEAD


def _csv(table: pa.Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_cell(name) for name in table.schema.names)
    for row in _rows(table):
        writer.writerow(_cell(value) for value in row)
    return out.getvalue().rstrip("\n")


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """The values of each row; two columns may have one name."""
    columns = [column.to_pylist() for column in table.columns]
    return zip(*columns, strict=True)


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    plain = _plain(value)
    if isinstance(plain, str) and not isinstance(value, float):
        text = "".join(c if c in "\t\n" else printable(c) for c in plain)
        return "'" + text if plain.startswith(FORMULA_STARTS) else text
    return "" if plain is None else plain


def _plain(value: Any) -> Any:
    """A value that strict JSON can hold; numbers that are none become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Decimal):  # DuckDB's sums of whole numbers, and 1.5
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    return (
        value if value is None or isinstance(value, int | float | str) else str(value)
    )
