"""Compaction: the segments of one search and table become one sorted file.

Every row is kept. The new file is written first and what it replaces deleted
after; whoever stops in between leaves rows in two files, and readers give a row
once by its search, driver_epoch and sequence number (`Store.rows`). So the file need not
say what it replaces, and two compactions at once do no harm.

Which files are replaced is said in `compaction_choice`, how their rows are put in
order in `merging`, and when and in which process in `compactor`. Run as a module,
this file compacts one search: `python -m results.writing.compaction`.
"""

import sys

import pyarrow as pa

from results.format import schema, segments, versions
from results.format.storage import Storage
from results.writing import compaction_choice, drivers, merging


def compact(
    storage: Storage,
    search: str,
    table: str,
    driver_epoch: int,
) -> str | None:
    """Replace the files of one search and table by one, sorted by key.

    Rows of one key stand by (driver_epoch, attempt, seq). A damaged file is left where it
    is, so that readers go on naming it.

    Args:
        storage: Where the search is.
        search: Its name.
        table: Name of the table.
        driver_epoch: The driver's; segments of later ones are left alone.

    Returns:
        Path of the new file; None if there was nothing to do, or another process
        did it, or a later driver has the search.

    Raises:
        StorageError: If the store cannot be read or written.
    """
    path = _compact(storage, search, table, driver_epoch)
    pa.default_memory_pool().release_unused()
    return path


def compact_due(storage: Storage, search: str, driver_epoch: int) -> list[str]:
    """Compact each table that is due.

    Args:
        storage: Where the search is.
        search: Its name.
        driver_epoch: The driver's.

    Returns:
        Paths of the new files.

    Raises:
        StorageError: If the store cannot be read or written.
    """
    made = [
        _compact(storage, search, table, driver_epoch)
        for table in schema.TABLES
        if compaction_choice.is_due(storage, search, table)
    ]
    pa.default_memory_pool().release_unused()
    return [path for path in made if path is not None]


def compact_all(storage: Storage, search: str, driver_epoch: int) -> list[str]:
    """Compact every table, as at the end of a search.

    Args:
        storage: Where the search is.
        search: Its name.
        driver_epoch: The driver's.

    Returns:
        Paths of the new files.

    Raises:
        StorageError: If the store cannot be read or written.
    """
    made = [compact(storage, search, table, driver_epoch) for table in schema.TABLES]
    return [path for path in made if path is not None]


def _compact(
    storage: Storage, search: str, table: str, driver_epoch: int
) -> str | None:
    try:
        files = compaction_choice.sources(storage, search, table, driver_epoch)
    except FileNotFoundError:
        return None  # another compaction is at work
    if len(files) < 2 or drivers.is_fenced(storage, search, driver_epoch):
        return None
    paths = [file.path for file in files]
    newest = compaction_choice.newest(paths)
    target = segments.compact_path_of(
        table, search, newest.driver_epoch, newest.last_seq
    )
    standing = {file.path: file.file.metadata.num_rows for file in files}.get(target)
    fits_all = versions.merged(table, [file.schema for file in files])
    parts = merging.regrouped(merging.merged(files, table, fits_all))
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


def main() -> None:
    """What the process that `compactor` starts does."""
    location, search, driver_epoch, which = sys.argv[1:]
    storage = Storage(location, create=False)
    work = compact_all if which == "all" else compact_due
    work(storage, search, int(driver_epoch))


if __name__ == "__main__":
    main()
