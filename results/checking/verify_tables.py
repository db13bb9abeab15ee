"""Checks of the tables: every segment, what its name promises, and what is missing.

A driver may write and compact meanwhile: a segment that is gone by the time it is
read is passed over, as what replaces it is in the next listing.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from results.checking import findings
from results.checking.findings import Finding, Seen
from results.format import headers, schema, segments, versions
from results.format.schema import SchemaMismatch
from results.format.segments import Segment
from results.format.storage import Storage, StorageError


ORDER = tuple(reversed(schema.TABLES))
"""`trials` comes last: a trial's first row is older than all others of it."""


def tables(storage: Storage, search: str | None, seen: Seen) -> Iterator[Finding]:
    """The damage of all segments, and rows of trials that are not known.

    Args:
        storage: Where the store is.
        search: Only the files of one search; None is the whole store.
        seen: Told of each file that was checked.

    Yields:
        One finding a damaged file, then one a folder of rows without their trials.

    Raises:
        StorageError: If the store cannot be listed.
    """
    trials: dict[str, dict[str, set[str]]] = {}
    unsure: set[str] = set()
    for table in ORDER:
        trials[table] = {}
        for path, data in _listed(storage, table, search, seen):
            misplaced = _misplaced(storage, table, path)
            if misplaced is not None:
                yield misplaced
                continue
            owner = _owner(path)
            rows = _decoded(table, owner, path, data)
            if isinstance(rows, Finding):
                unsure.add(owner)
                yield rows
            else:
                known = trials[table].setdefault(owner, set())
                if "trial" in rows.schema.names:
                    known.update(rows["trial"].drop_null().unique().to_pylist())
    yield from _orphans(trials, unsure)


def _listed(
    storage: Storage, table: str, search: str | None, seen: Seen
) -> Iterator[tuple[str, bytes]]:
    """Every file of a table, those that appear meanwhile included."""
    folders = [table] if search is None else segments.folders(table, search)
    read: set[str] = set()
    while new := [p for f in folders for p in storage.list(f) if p not in read]:
        for path in new:
            read.add(path)
            try:
                data = storage.get(path)
            except FileNotFoundError:
                continue  # compacted: what replaces it is in the next listing
            except StorageError:
                data = b""  # decoding it says that it is damaged
            seen("segments", path, len(data))
            yield path, data


def _misplaced(storage: Storage, table: str, path: str) -> Finding | None:
    """A file that does not belong into a table's folder; None if it does."""
    parts = path.split("/")
    if len(parts) != 3 or segments.parse(path) is None:
        return findings.finding(path, f"It is no segment of `{table}`.", "stranger")
    search = _owner(path)
    if not storage.exists(headers.path_of(search)):
        return findings.finding(path, f"Its search `{search}` has no header.", "header")
    return None


def _owner(path: str) -> str:
    """The search whose folder a path lies in."""
    return path.split("/")[1].removeprefix("search_id=")


def _decoded(table: str, search: str, path: str, data: bytes) -> pa.Table | Finding:
    """The rows of a segment, or what is wrong with it."""
    try:
        file = segments.opened(path, table, data)
        rows = file.rows()
    except SchemaMismatch as error:
        return findings.finding(path, findings.cause(error), "newer")
    except StorageError as error:
        return findings.finding(path, findings.cause(error), "segment")
    if versions.is_old(file.schema):
        rows = segments.fitted(rows, schema.schema(table))
    problem = _contradiction(table, search, path, rows)
    return rows if problem is None else findings.finding(path, problem, "segment")


def _contradiction(table: str, search: str, path: str, rows: pa.Table) -> str | None:
    """What in a sound file is not as its name and its table promise."""
    wanted = schema.schema(table)
    for field in wanted:
        here = rows.schema.get_field_index(field.name)
        if here < 0 and not field.nullable:
            return f"It lacks the column `{field.name}`."
        if here >= 0 and rows.schema.field(here).type != field.type:
            return f"Its column `{field.name}` must be of type {field.type}."
    segment = segments.parse(path)
    assert segment is not None
    if rows["search"].unique().to_pylist() != [search]:
        return f"Its rows must all be of the search `{search}`."
    return _numbers(segment, rows)


def _numbers(segment: Segment, rows: pa.Table) -> str | None:
    """Whether driver epochs and sequence numbers are what the name says."""
    driver_epochs, seqs = (
        pc.call_function("min_max", [rows[name]]).as_py()
        for name in ("driver_epoch", "seq")
    )
    if driver_epochs["max"] != segment.driver_epoch or seqs["max"] != segment.last_seq:
        return "Its name must say the last driver epoch and sequence number in it."
    if driver_epochs["min"] == driver_epochs["max"]:
        apart = len(rows["seq"].unique())
    elif segment.is_compact:
        apart = len(rows.group_by(["driver_epoch", "seq"]).aggregate([]))
    else:
        return "Its rows must be of one driver epoch."
    return None if apart == len(rows) else "No row may stand in it twice."


def _orphans(
    trials: dict[str, dict[str, set[str]]], unsure: set[str]
) -> Iterator[Finding]:
    """Rows of trials that `trials` lacks, so that a segment must be missing.

    A search of which a segment is damaged is left out: that was named already.
    """
    for table, by_search in trials.items():
        for search, named in by_search.items():
            lost = named - trials["trials"].get(search, set())
            if lost and search not in unsure:
                yield findings.finding(
                    segments.folder(table, search),
                    f"It has rows of {len(lost)} trials that have no row in "
                    f"`trials`, such as `{min(lost)}`.",
                    "orphan",
                )
