"""What a new driver does first: it stores what earlier ones acknowledged and lost.

A row that is in a journal and in no segment was acknowledged by a driver that died, or
whose store failed, before its flush. Rows reach segments in
order, so the names of the segments tell which rows they hold; of compact files,
which may hold rows of several drivers, the rows themselves are looked at. So
nothing is stored twice, and a recovery that is cut off is simply done again.

A damaged line of a journal is never used. The rows around it are stored, the file
is kept as `<name>.damaged`, and a warning says which rows are missing.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from results.format import schema, schema_1, segments
from results.format.storage import Storage, StorageError
from results.writing import journal, journal_place
from results.writing.journal import Row


_TRIES = 10
_NONE = pa.Table.from_batches(
    [], pa.schema({"driver_epoch": pa.int32(), "seq": pa.int64()})
)


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """How a search stands after recovery."""

    first_seq: int
    """The first sequence number that no stored row has or exceeds."""
    warnings: tuple[str, ...]
    """One sentence for each file that was found damaged or left alone."""


def recover(storage: Storage, search: str, driver_epoch: int) -> Recovered:
    """Put rows that are in no segment yet into segments, and remove their files.

    What dead processes left staged is removed too.

    Args:
        storage: Where the search is.
        search: Its name.
        driver_epoch: The caller's; what drivers of later ones write is left alone.

    Returns:
        The next sequence number, and what was found damaged.

    Raises:
        StorageError: If the store cannot be written, or a journal not read.
    """
    storage.sweep()
    warnings: list[str] = []
    for left in journal_place.left(storage, search):
        if not left.is_own:
            warnings.append(
                f"`{left.path}` holds rows of another store that stood at this place, "
                "and is left alone."
            )
        elif left.driver_epoch < driver_epoch:
            warnings += _store(storage, search, left)
    stored = [_last_seqs(storage, table, search) for table in schema.TABLES]
    last = max((seq for seqs in stored for seq in seqs.values()), default=-1)
    return Recovered(first_seq=last + 1, warnings=tuple(warnings))


def _store(storage: Storage, search: str, left: journal_place.Left) -> list[str]:
    """Put the rows of a journal into segments, unless they are there."""
    driver_epoch, path = left.driver_epoch, left.path
    try:
        found = journal.scan(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return []  # another driver has stored its rows just now
        raise
    rows = [
        (table, schema_1.row(table, row) if schema_1.is_row(row) else row)
        for table, row in found.rows
    ]
    warnings: list[str] = []
    if found.damaged:
        missing = _missing(storage, search, driver_epoch, rows)
        if found.is_end_damaged:
            missing += ", and perhaps rows after them"
        warnings.append(
            f"`{path}` was damaged in line {_few(found.damaged)} and is kept as "
            f"`{path.name}.damaged`; missing of driver epoch {driver_epoch}: {missing}."
        )
    for table in schema.TABLES:
        own = [row for name, row in rows if name == table]
        if lost := _not_stored(storage, table, search, driver_epoch, own):
            target = segments.path_of(table, search, driver_epoch, lost[-1]["seq"])
            data = segments.encode(schema.schema(table), lost)
            storage.create(target, data)
    try:
        if found.damaged:
            path.replace(path.with_name(f"{path.name}.damaged"))
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"Cannot delete `{path}`: {error.strerror or error}."
        ) from error
    return warnings


def _not_stored(
    storage: Storage, table: str, search: str, driver_epoch: int, rows: list[Row]
) -> list[Row]:
    """The rows of one table and driver epoch that are in no file of it."""
    last = _last_seqs(storage, table, search, compact=False).get(driver_epoch, -1)
    later = [row for row in rows if row["seq"] > last]
    if not later:
        return []
    compact = _stored(storage, table, search, compact_only=True)
    done = set(
        compact.filter(pc.field("driver_epoch") == driver_epoch)["seq"].to_pylist()
    )
    return [row for row in later if row["seq"] not in done]


def _missing(
    storage: Storage, search: str, driver_epoch: int, rows: list[tuple[str, Row]]
) -> str:
    """Which sequence numbers of an epoch are neither stored nor in sound lines."""
    stored = pa.concat_tables(
        _stored(storage, table, search, compact_only=False) for table in schema.TABLES
    )
    before = stored.filter(pc.field("driver_epoch") < driver_epoch)["seq"].to_pylist()
    own = stored.filter(pc.field("driver_epoch") == driver_epoch)["seq"].to_pylist()
    there = {row["seq"] for _, row in rows}.union(own)
    first = max(before, default=-1) + 1
    gaps = set(range(first, max(there, default=first))) - there
    return f"rows {_few(sorted(gaps))}" if gaps else "no row before the last sound one"


def _few(numbers: Iterable[int]) -> str:
    """Numbers as ranges, such as `3, 7 to 9`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in ranges)


def _listed(storage: Storage, table: str, search: str) -> list[str]:
    """Every file of a table of one search."""
    folders = segments.folders(table, search)
    return [path for folder in folders for path in storage.list(folder)]


def _last_seqs(
    storage: Storage, table: str, search: str, *, compact: bool = True
) -> dict[int, int]:
    """The last sequence number of each driver epoch, by the names of a table's files."""
    last: dict[int, int] = {}
    for path in _listed(storage, table, search):
        segment = segments.parse(path)
        if segment and (compact or not segment.is_compact):
            last[segment.driver_epoch] = max(
                last.get(segment.driver_epoch, -1), segment.last_seq
            )
    return last


def _stored(
    storage: Storage, table: str, search: str, *, compact_only: bool
) -> pa.Table:
    """Epoch and sequence number of the rows in sound files of a table.

    Of a damaged file nothing is known; its rows may come to be stored twice, which
    readers pass over.
    """
    for _ in range(_TRIES):
        parts = [_NONE]
        try:
            for path in _listed(storage, table, search):
                segment = segments.parse(path)
                if segment and (segment.is_compact or not compact_only):
                    data = storage.get(path)
                    with suppress(StorageError, schema.SchemaMismatch):
                        rows = segments.decode(path, table, data)
                        parts.append(rows.select(_NONE.column_names))
        except FileNotFoundError:
            continue  # compacted since the listing
        return pa.concat_tables(part.cast(_NONE.schema) for part in parts)
    raise StorageError(f"Cannot read `{table}`: its files keep vanishing.")
