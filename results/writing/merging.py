"""The rows of several files as one sorted sequence, each row once, part by part.

Only a part is in memory at a time, because a compaction must not need more memory
the longer a search is. Which files are merged is said in `compaction_choice`, what
becomes of the rows in `compaction`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from results.format import schema, segments
from results.format.segments import Opened


GROUP_ROWS = 65_536
"""Rows of a part, and of a row group of the compact file."""


def merged(files: list[Opened], table: str, target: pa.Schema) -> Iterator[pa.Table]:
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
    for batch in base.file.iter_batches(GROUP_ROWS) if base is not None else ():
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
    for start in range(done, len(places), GROUP_ROWS):
        yield loose.take(places.slice(start, GROUP_ROWS))


def regrouped(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of `GROUP_ROWS`; the last may be smaller."""
    waiting: list[pa.Table] = []
    for part in parts:
        waiting.append(part)
        while sum(map(len, waiting)) >= GROUP_ROWS:
            rows = pa.concat_tables(waiting)
            yield rows.slice(0, GROUP_ROWS)
            waiting = [rows.slice(GROUP_ROWS)]
    if any(map(len, waiting)):
        yield pa.concat_tables(waiting)


def _joined(files: list[Opened], target: pa.Schema) -> pa.Table:
    """The rows of small files together; empties the list."""
    parts = [pa.Table.from_batches([], target)]
    while files:
        parts.append(segments.fitted(files.pop().rows(), target))
    return pa.concat_tables(parts).combine_chunks()


def _sorted_places(rows: pa.Table, key: tuple[str, ...]) -> pa.Array:
    """Where the rows stand by key, then (driver_epoch, attempt, seq), each row once."""
    names = dict.fromkeys((*key, "driver_epoch", "attempt", "seq"))
    order = pc.SortOptions(sort_keys=[(name, "ascending") for name in names])
    places = pc.call_function("sort_indices", [rows], order)
    if len(places) < 2:
        return places
    same = []
    for name in ("driver_epoch", "seq"):
        column = rows[name].combine_chunks().take(places)
        same.append(pc.call_function("equal", [column[1:], column[:-1]]))
    other = pc.call_function("invert", [pc.call_function("and", same)])
    return places.filter(pa.concat_arrays([pa.array([True]), other]))


def _key(rows: pa.Table, key: tuple[str, ...], place: int) -> tuple[object, ...]:
    return tuple(rows[name][place].as_py() for name in key)


def _before(rows: pa.Table, key: tuple[str, ...], wanted: tuple[object, ...]) -> int:
    """How many of the rows, which are sorted, come before a key."""
    return bisect_left(range(len(rows)), wanted, key=lambda k: _key(rows, key, k))
