"""Compaction: the segments of one search and table become one sorted file.

Every row is kept. The new file is written first and what it replaces deleted
after; whoever stops in between leaves rows in two files, and readers give a row
once by its search, epoch and sequence number (`Store.rows`). So the file need not
say what it replaces, and two compactions at once do no harm.

Recovery asks the names which rows are stored. A compact file is named after the
newest segment in it, and segments with higher numbers of earlier epochs, which
only a fenced driver can have written, wait until the numbers have passed them: no
name ever promises a row that is not there, and none hides a higher number.
"""

import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from results.format import headers, schema, segments, versions
from results.format.headers import Header
from results.format.segments import Opened, Segment
from results.format.storage import Storage, StorageError
from results.writing import drivers


LOOSE = 64
"""Segments beside the compact file above which a table may be due."""

MOST_LOOSE = 512
"""Segments beside the compact file above which a table is due in any case."""

_GROWTH = 8
_GROUP_ROWS = 65_536


def due(storage: Storage, search: str, table: str) -> bool:
    """Whether a table has so many loose segments that it should be compacted.

    That is above `LOOSE`, once they make up an eighth of what was written so far,
    so that a long search does not write its first rows again every few minutes;
    and above `MOST_LOOSE`.

    Args:
        storage: Where the search is.
        search: Its name.
        table: Name of the table.

    Returns:
        Whether it is due.

    Raises:
        StorageError: If the store cannot be listed.
    """
    found = _listed(storage, search, table)
    loose = [one for one in found if not one.is_compact]
    if len(loose) <= LOOSE:
        return False
    newest = max(one.last_seq for one in loose)
    done = max((one.last_seq for one in found if one not in loose), default=0)
    return len(loose) > MOST_LOOSE or _GROWTH * (newest - done) >= newest


def compact(
    storage: Storage,
    search: str,
    table: str,
    parameters: Mapping[str, str],
    epoch: int,
) -> str | None:
    """Replace the files of one search and table by one, sorted by key.

    Rows of one key stand by (epoch, attempt, seq). A damaged file is left where it
    is, so that readers go on naming it.

    Args:
        storage: Where the search is.
        search: Its name.
        table: Name of the table.
        parameters: The search's parameters and their types.
        epoch: The driver's; segments of later ones are left alone.

    Returns:
        Path of the new file; None if there was nothing to do, or another process
        did it, or a later driver has the search.

    Raises:
        ValueError: If the table is unknown.
        StorageError: If the store cannot be read or written.
    """
    columns = schema.schema(table, parameters)
    path = _compact(storage, search, table, columns, epoch)
    pa.default_memory_pool().release_unused()
    return path


def compact_due(
    storage: Storage, search: str, epoch: int, schemas: Mapping[str, pa.Schema]
) -> list[str]:
    """Compact each table that is due.

    Args:
        storage: Where the search is.
        search: Its name.
        epoch: The driver's.
        schemas: Schema of each table by its name.

    Returns:
        Paths of the new files.

    Raises:
        StorageError: If the store cannot be read or written.
    """
    made = [
        _compact(storage, search, table, columns, epoch)
        for table, columns in schemas.items()
        if due(storage, search, table)
    ]
    pa.default_memory_pool().release_unused()
    return [path for path in made if path is not None]


def compact_all(
    storage: Storage, search: str, parameters: Mapping[str, str], epoch: int
) -> list[str]:
    """Compact every table, as at the end of a search.

    Args:
        storage: Where the search is.
        search: Its name.
        parameters: The search's parameters and their types.
        epoch: The driver's.

    Returns:
        Paths of the new files.

    Raises:
        StorageError: If the store cannot be read or written.
    """
    made = [
        compact(storage, search, table, parameters, epoch) for table in schema.TABLES
    ]
    return [path for path in made if path is not None]


def _compact(
    storage: Storage, search: str, table: str, columns: pa.Schema, epoch: int
) -> str | None:
    try:
        files = _sources(storage, search, table, epoch)
    except FileNotFoundError:
        return None  # another compaction is at work
    if len(files) < 2 or drivers.is_fenced(storage, search, epoch):
        return None
    paths = [file.path for file in files]
    newest = _newest(paths)
    target = segments.compact_path_of(table, search, newest.epoch, newest.last_seq)
    standing = {file.path: file.file.metadata.num_rows for file in files}.get(target)
    fits_all = versions.merged(table, [columns, *(file.schema for file in files)])
    parts = _regrouped(_merged(files, table, fits_all))
    if standing is not None:
        # Its deletions were cut off, or it lacks late rows of a fenced driver.
        if sum(map(len, parts)) > standing:
            return None
    elif not storage.create(target, segments.encode_tables(fits_all, parts)):
        return None
    for path in paths:
        if path != target:
            storage.delete(path)
    return target if standing is None else None


def _listed(storage: Storage, search: str, table: str) -> list[Segment]:
    paths = storage.list(segments.folder(table, search))
    parsed = [segments.parse(path) for path in paths]
    return [segment for segment in parsed if segment is not None]


def _newest(paths: Iterable[str]) -> Segment:
    """The segment with the last sequence number of the highest epoch."""
    parsed = (segments.parse(path) for path in paths)
    found = [segment for segment in parsed if segment is not None]
    return max(found, key=lambda one: (one.epoch, one.last_seq))


def _sources(storage: Storage, search: str, table: str, epoch: int) -> list[Opened]:
    """The sound files that may be replaced, checked and open."""
    found: dict[Segment, Opened] = {}
    for segment in _listed(storage, search, table):
        if segment.epoch <= epoch:
            data = storage.get(segment.path)
            try:
                found[segment] = segments.opened(segment.path, table, data)
            except (StorageError, schema.SchemaMismatch):
                continue  # it stays, and whoever reads the table names it
    if not found:
        return []
    last_seq = _newest(segment.path for segment in found).last_seq
    return [file for segment, file in found.items() if segment.last_seq <= last_seq]


def _merged(files: list[Opened], table: str, target: pa.Schema) -> Iterator[pa.Table]:
    """All rows by key, each once, of which only a part is in memory at a time.

    The largest compact file is sorted already and goes through in parts; all
    others are small and are merged into it. The rows of one key stay together.
    The list of files is emptied, so that they leave the memory once decoded.
    """
    key = schema.TABLES[table].key
    compact_files = [file for file in files if "/compact-" in file.path]
    base = max(compact_files, key=lambda f: f.file.metadata.num_rows, default=None)
    if base is not None:
        files.remove(base)
    del compact_files
    loose = _joined(files, target)
    places = _sorted_places(loose, key)
    done, carried = 0, loose.slice(0, 0)
    for batch in base.file.iter_batches(_GROUP_ROWS) if base is not None else ():
        part = segments.fitted(pa.Table.from_batches([batch]), target)
        last = _key(part, key, len(part) - 1)
        until = bisect_right(
            range(len(places)), last, key=lambda k: _key(loose, key, places[k].as_py())
        )
        new = loose.take(places.slice(done, until - done))
        both = pa.concat_tables([carried, part, new]).combine_chunks()
        both = both.take(_sorted_places(both, key))
        whole = _before(both, key, last)
        yield both.slice(0, whole)
        carried, done = both.slice(whole), until
    yield carried
    for start in range(done, len(places), _GROUP_ROWS):
        yield loose.take(places.slice(start, _GROUP_ROWS))


def _joined(files: list[Opened], target: pa.Schema) -> pa.Table:
    """The rows of small files together; empties the list."""
    parts = [pa.Table.from_batches([], target)]
    while files:
        parts.append(segments.fitted(files.pop().rows(), target))
    return pa.concat_tables(parts).combine_chunks()


def _sorted_places(rows: pa.Table, key: tuple[str, ...]) -> pa.Array:
    """Where the rows stand by key, then (epoch, attempt, seq), each row once."""
    names = dict.fromkeys((*key, "epoch", "attempt", "seq"))
    order = pc.SortOptions(sort_keys=[(name, "ascending") for name in names])
    places = pc.call_function("sort_indices", [rows], order)
    if len(places) < 2:
        return places
    same = []
    for name in ("epoch", "seq"):
        column = rows[name].combine_chunks().take(places)
        same.append(pc.call_function("equal", [column[1:], column[:-1]]))
    other = pc.call_function("invert", [pc.call_function("and", same)])
    return places.filter(pa.concat_arrays([pa.array([True]), other]))


def _key(rows: pa.Table, key: tuple[str, ...], place: int) -> tuple[object, ...]:
    return tuple(rows[name][place].as_py() for name in key)


def _before(rows: pa.Table, key: tuple[str, ...], wanted: tuple[object, ...]) -> int:
    """How many of the rows, which are sorted, come before a key."""
    return bisect_left(range(len(rows)), wanted, key=lambda k: _key(rows, key, k))


def _regrouped(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of `_GROUP_ROWS`; the last may be smaller."""
    waiting: list[pa.Table] = []
    for part in parts:
        waiting.append(part)
        while sum(map(len, waiting)) >= _GROUP_ROWS:
            rows = pa.concat_tables(waiting)
            yield rows.slice(0, _GROUP_ROWS)
            waiting = [rows.slice(_GROUP_ROWS)]
    if any(map(len, waiting)):
        yield pa.concat_tables(waiting)


def apart(
    location: str, search: str, epoch: str, which: str
) -> subprocess.Popen[bytes]:
    """A process that compacts, out of reach of a terminal's Ctrl-C.

    Args:
        location: Where the store is.
        search: Name of the search.
        epoch: The driver's.
        which: `due` or `all`.
    """
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "results.writing.compaction",
            location,
            search,
            epoch,
            which,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def main() -> None:
    """What the process of `apart` does."""
    location, search, epoch, which = sys.argv[1:]
    storage = Storage(location, create=False)
    path = headers.path_of(search)
    parameters = Header.from_bytes(path, storage.get(path)).parameters
    if which == "all":
        compact_all(storage, search, parameters, int(epoch))
    else:
        schemas = {name: schema.schema(name, parameters) for name in schema.TABLES}
        compact_due(storage, search, int(epoch), schemas)


if __name__ == "__main__":
    main()
