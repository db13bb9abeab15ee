"""The writer of one search: rows in, journal at once, segments in the background.

A row is acknowledged when `append` returns. On a local store it is then in the
fsynced journal; on an object store it is in memory until the next flush, at most
`FLUSH_S` later while the store can be reached.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from results import drivers, schema, segments
from results.journal import Journal, Row
from results.storage import Storage, StorageError


FLUSH_S = 2.0
"""Longest time a row waits for its segment."""

FLUSH_ROWS = 256
"""Rows that make a flush start at once."""

SPOOL_ROWS = 100_000
"""Most rows that wait in memory while the store cannot be written."""


class Writer:
    """The only writer of a search; made by `Store.writer`. Safe for threads."""

    def __init__(
        self,
        storage: Storage,
        *,
        search: str,
        epoch: int,
        first_seq: int,
        parameters: Mapping[str, str],
        journal: Journal | None,
    ) -> None:
        """Start the background thread; see `Store.writer`."""
        self.search, self.epoch = search, epoch
        self._storage, self._journal = storage, journal
        self._schemas = {
            name: schema.schema(name, parameters) for name in schema.TABLES
        }
        self._waiting: dict[str, list[Row]] = {name: [] for name in schema.TABLES}
        self._next_seq = first_seq
        self._closed = self._fenced = False
        self._rows_lock, self._flush_lock = threading.Lock(), threading.Lock()
        self._wake = threading.Event()
        drivers.beat(storage, search, epoch)
        self._thread = threading.Thread(
            target=self._run, name=f"store-{search}", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, table: str, row: Mapping[str, Any]) -> int:
        """Store one row; see `append_many`.

        Returns:
            Its sequence number.
        """
        return self.append_many([(table, row)])[0]

    def append_many(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[int]:
        """Store rows: search, epoch, sequence number and time are filled in.

        Args:
            rows: Table and row of each, in order.

        Returns:
            Their sequence numbers.

        Raises:
            SchemaMismatch: If a row is not of its table; then none is written.
            ValueError: If a table is unknown, the writer is closed, or another
                driver has taken the search over; then none is written.
            StorageError: If they cannot be made durable, or too many rows wait
                for a store that cannot be written; then none is written.
        """
        plain = [(table, self._checked(table, row)) for table, row in rows]
        with self._rows_lock:
            self._check_open()
            now = time.time_ns() // 1000
            done: list[tuple[str, Row]] = []
            for seq, (table, row) in enumerate(plain, start=self._next_seq):
                assigned = {"search_id": self.search, "epoch": self.epoch}
                done.append((table, assigned | {"seq": seq, "time_utc": now} | row))
            if self._journal is not None:
                self._journal.append(done)
            self._next_seq += len(done)
            for table, row in done:
                self._waiting[table].append(row)
            if sum(map(len, self._waiting.values())) >= FLUSH_ROWS:
                self._wake.set()
        return [row["seq"] for _, row in done]

    def flush(self) -> None:
        """Put every row acknowledged so far into segments before returning.

        Raises:
            StorageError: If the store cannot be written; the rows are kept.
            ValueError: If another driver has taken the search over.
        """
        with self._flush_lock:
            self._check_fence()
            with self._rows_lock:
                batches = {name: list(rows) for name, rows in self._waiting.items()}
            for table, rows in batches.items():
                if rows:
                    self._put(table, rows)
                    with self._rows_lock:
                        del self._waiting[table][: len(rows)]
            with self._rows_lock:
                if self._journal and not any(self._waiting.values()):
                    self._journal.empty()

    def close(self) -> None:
        """Flush, and free the search for the next driver.

        A second call does nothing. If the flush fails the writer is closed all
        the same; a local store keeps the rows in the journal for the next driver.

        Raises:
            StorageError: If the last rows cannot be put into segments.
            ValueError: If another driver has taken the search over.
        """
        with self._rows_lock:
            if self._closed:
                return
            self._closed = True
        self._wake.set()
        self._thread.join()
        try:
            self.flush()
            drivers.close(self._storage, self.search, self.epoch)
        finally:
            if self._journal is not None:
                self._journal.close()

    def _checked(self, table: str, row: Mapping[str, Any]) -> Row:
        if table not in self._schemas:
            known = ", ".join(schema.TABLES)
            raise ValueError(f"`table` must be one of {known}, got {table!r}.")
        return schema.check_row(table, self._schemas[table], row)

    def _check_open(self) -> None:
        """Refuse rows that could not be kept or must not be."""
        if self._closed:
            raise ValueError("The writer must be open to append, and is closed.")
        if self._fenced or self._journal is not None:
            self._check_fence()
        waiting = sum(map(len, self._waiting.values()))
        if waiting >= SPOOL_ROWS:
            raise StorageError(
                f"Cannot write `{self._storage.location}`: {waiting} rows wait for it."
            )

    def _check_fence(self) -> None:
        """Refuse to write once a later driver has the search."""
        if self._fenced or drivers.is_fenced(self._storage, self.search, self.epoch):
            self._fenced = True
            raise ValueError(
                f"`{self.search}` must have one driver at a time, and epoch "
                f"{self.epoch} was taken over by a later one."
            )

    def _put(self, table: str, rows: list[Row]) -> None:
        """Write one segment; the same one written before is success."""
        path = segments.path_of(table, self.search, self.epoch, rows[-1]["seq"])
        data = segments.encode(self._schemas[table], rows)
        if not self._storage.create(path, data) and self._storage.get(path) != data:
            raise StorageError(f"Cannot write `{path}`: other rows stand there.")

    def _run(self) -> None:
        """Flush and beat until closed; what fails is tried again at the next turn."""
        next_beat = time.monotonic() + drivers.BEAT_S
        while not self._closed:
            self._wake.wait(FLUSH_S)
            self._wake.clear()
            try:
                self.flush()
                if time.monotonic() >= next_beat:
                    drivers.beat(self._storage, self.search, self.epoch)
                    next_beat = time.monotonic() + drivers.BEAT_S
            except StorageError:
                time.sleep(0.1)  # rows stay waiting; `flush` tells who asks
            except ValueError:
                return  # fenced: `append` says so
