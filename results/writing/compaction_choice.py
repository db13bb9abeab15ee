"""Which tables are due for a compaction, and which of their files it may replace.

Recovery asks the names which rows are stored. A compact file is named after the
newest segment in it, and segments with higher numbers of earlier driver epochs, which
only a fenced driver can have written, wait until the numbers have passed them: no
name ever promises a row that is not there, and none hides a higher number.
"""

from collections.abc import Iterable

from results.format import segments
from results.format.schema import SchemaMismatch
from results.format.segments import Opened, Segment
from results.format.storage import Storage, StorageError


LOOSE = 64
"""Segments beside the compact file above which a table may be due."""

MOST_LOOSE = 512
"""Segments beside the compact file above which a table is due in any case."""

_GROWTH = 8


def is_due(storage: Storage, search: str, table: str) -> bool:
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
    files = _listed(storage, search, table)
    loose = [file for file in files if not file.is_compact]
    if len(loose) <= LOOSE:
        return False
    last = max(file.last_seq for file in loose)
    done = max((file.last_seq for file in files if file.is_compact), default=0)
    return len(loose) > MOST_LOOSE or _GROWTH * (last - done) >= last


def newest(paths: Iterable[str]) -> Segment:
    """The segment with the last sequence number of the highest epoch."""
    parsed = (segments.parse(path) for path in paths)
    named = [segment for segment in parsed if segment is not None]
    return max(named, key=lambda segment: (segment.driver_epoch, segment.last_seq))


def sources(
    storage: Storage, search: str, table: str, driver_epoch: int
) -> list[Opened]:
    """The sound files that may be replaced, checked and open.

    Args:
        storage: Where the search is.
        search: Its name.
        table: Name of the table.
        driver_epoch: The driver's; segments of later ones are left alone.

    Returns:
        The files, in the order of their names.

    Raises:
        FileNotFoundError: If another compaction removes files meanwhile.
        StorageError: If the store cannot be read.
    """
    sound: dict[Segment, Opened] = {}
    for segment in _listed(storage, search, table):
        if segment.driver_epoch <= driver_epoch:
            data = storage.get(segment.path)
            try:
                sound[segment] = segments.opened(segment.path, table, data)
            except (StorageError, SchemaMismatch):
                continue  # it stays, and whoever reads the table names it
    if not sound:
        return []
    last_seq = newest(segment.path for segment in sound).last_seq
    return [file for segment, file in sound.items() if segment.last_seq <= last_seq]


def _listed(storage: Storage, search: str, table: str) -> list[Segment]:
    paths = storage.list(segments.folder(table, search))
    parsed = [segments.parse(path) for path in paths]
    return [segment for segment in parsed if segment is not None]
