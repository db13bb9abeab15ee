"""Rows that wait for their segment, and how they are put into one.

They are in memory here; that they are on a disk too is the matter of `journal`.
"""

import threading
from collections.abc import Iterable

from results.format import schema, segments
from results.format.storage import Storage, StorageError
from results.writing.journal import Row


class WaitingRows:
    """The waiting rows of one driver, by table."""

    def __init__(
        self,
        storage: Storage,
        search: str,
        driver_epoch: int,
        lock: threading.RLock,
    ) -> None:
        """No row waits.

        Args:
            storage: Where the search is.
            search: Its name.
            driver_epoch: The driver's.
            lock: Held while rows come or go, also by who calls `add`.
        """
        self._storage, self._search, self._driver_epoch = storage, search, driver_epoch
        self._lock = lock
        self._rows: dict[str, list[Row]] = {table: [] for table in schema.TABLES}
        self._tried = dict.fromkeys(schema.TABLES, 0)
        self.segments_written = 0

    def count(self) -> int:
        """How many rows wait."""
        return sum(map(len, self._rows.values()))

    def add(self, rows: Iterable[tuple[str, Row]]) -> None:
        """Let rows wait, in order of their sequence numbers."""
        for table, row in rows:
            self._rows[table].append(row)

    def put(self) -> None:
        """Put the rows that wait into segments.

        Rows that a segment was tried with are tried again as they were, because
        the try may have done its work all the same.

        Raises:
            StorageError: If one cannot be written; its rows go on waiting.
        """
        for table, rows in self._rows.items():
            with self._lock:
                tried = self._tried[table]
                parts = [part for part in (rows[:tried], rows[tried:]) if part]
            for part in parts:
                self._tried[table] = len(part)
                self._put(table, part)
                with self._lock:
                    del rows[: len(part)]
                    self._tried[table] = 0

    def _put(self, table: str, rows: list[Row]) -> None:
        """Write one segment; the same one written before is success."""
        path = segments.path_of(
            table, self._search, self._driver_epoch, rows[-1]["seq"]
        )
        data = segments.encode(schema.schema(table), rows)
        if not self._storage.create(path, data) and self._storage.get(path) != data:
            raise StorageError(f"Cannot write `{path}`: other rows stand there.")
        self.segments_written += 1
