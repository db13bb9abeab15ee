"""The writer of one search: rows in, journal at once, segments in the background.

A row is acknowledged when `append` returns. On a local store it is then in the
fsynced journal; on an object store it is in memory until the next flush, at most
`background.FLUSH_S` later. While the store cannot be written rows are fsynced to
the spool on this machine instead (see `spool`), so that training goes on, and
`trouble` says what is the matter. The rows in memory are in `waiting`, the thread in
`background`, its compactions in `compactor`.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from results.format import row_checks, schema
from results.format.storage import Storage, StorageError, sentence
from results.writing import drivers
from results.writing.background import Background
from results.writing.compactor import Compactor
from results.writing.journal import Journal, Row
from results.writing.spool import Spool
from results.writing.waiting import WaitingRows


FLUSH_ROWS = 256
"""Rows that make a flush start at once."""

SPOOL_ROWS = 100_000
"""Most rows that wait in memory while the store cannot be written."""

JOURNAL_BYTES = 16 * 2**20
"""Size of the journal above which `append` waits for a flush to end."""

_PROBE_BYTES = 4096


class Writer:
    """The only writer of a search; made by `Store.writer`. Safe for threads."""

    def __init__(
        self,
        storage: Storage,
        *,
        search: str,
        driver_epoch: int,
        first_seq: int,
        journal: Journal | None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        """Start the background thread; see `Store.writer`."""
        self.search, self.driver_epoch = search, driver_epoch
        self.warnings = warnings
        """What recovery found damaged, one sentence each."""
        self._storage, self._journal = storage, journal
        self._schemas = {name: schema.schema(name) for name in schema.TABLES}
        self._next_seq, self._turn, self._spooled_seq = first_seq, 0, first_seq - 1
        self._closed = self._fenced = False
        self._trouble: str | None = None
        self._rows_lock, self._flush_lock = threading.RLock(), threading.Lock()
        place = storage, search, driver_epoch
        self._waiting = WaitingRows(*place, self._rows_lock)
        self._compactor = Compactor(*place)
        try:
            self._spool = Spool(*place)
            drivers.beat(*place)
        except StorageError:
            if journal is not None:
                journal.close()
            raise
        self._next_beat = time.monotonic() + drivers.BEAT_S
        self._background = Background(
            f"store-{search}", self._work, lambda: self._trouble is not None
        )

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def trouble(self) -> str | None:
        """Why the store cannot be written now, in one sentence; None if it can."""
        return self._trouble

    def append(self, table: str, row: Mapping[str, Any]) -> int:
        """Store one row; see `append_many`.

        Returns:
            Its sequence number.
        """
        return self.append_many([(table, row)])[0]

    def append_many(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[int]:
        """Store rows that stand or fall together.

        Search, driver_epoch, sequence number and time are filled in.

        Args:
            rows: Table and row of each, in order.

        Returns:
            Their sequence numbers.

        Raises:
            SchemaMismatch: If a row is not of its table; then none is written.
            ValueError: If a table is unknown or the writer is closed; then none is
                written. If another driver has taken the search over; then none
                ever wins over that driver's.
            StorageError: If neither store nor spool can make them durable, or too
                many rows wait for the store; then they may be given again.
        """
        plain = [(table, self._checked(table, row)) for table, row in rows]
        with self._rows_lock:
            self._check_open()
            now = time.time_ns() // 1000
            done: list[tuple[str, Row]] = []
            for seq, (table, row) in enumerate(plain, start=self._next_seq):
                assigned = {"search": self.search, "driver_epoch": self.driver_epoch}
                done.append((table, assigned | {"seq": seq, "time_utc": now} | row))
            self._keep(done)
            self._next_seq += len(done)
            self._waiting.add(done)
            if self._waiting.count() >= FLUSH_ROWS:
                self._background.wake()
        return [row["seq"] for _, row in done]

    def flush(self) -> None:
        """Put every row acknowledged so far into segments before returning.

        Raises:
            StorageError: If the store cannot be written; the rows are kept.
            ValueError: If another driver has taken the search over.
        """
        with self._flush_lock:
            try:
                self._check_place()
                self._waiting.put()
                with self._rows_lock:
                    if self._journal and self._journal.size_bytes > JOURNAL_BYTES:
                        self._waiting.put()
                    if not self._waiting.count():
                        self._forget()
            except StorageError as error:
                self._fail(error)
                raise
            self._trouble = None

    def compact(self) -> None:
        """Flush, and merge each table's segments into one file.

        For the end of a search; while it runs this happens by itself.

        Raises:
            StorageError: If the rows cannot be put into segments. A failure after
                that is none: all rows are where they were.
            ValueError: If another driver has taken the search over.
        """
        self.flush()
        self._compactor.compact_all(self._next_seq)

    def close(self) -> None:
        """Flush, and free the search for the next driver.

        A second call does nothing. If the flush fails the writer is closed all
        the same; journal or spool keep the rows for the next driver.

        Raises:
            StorageError: If the last rows cannot be put into segments.
            ValueError: If another driver has taken the search over.
        """
        with self._rows_lock:
            if self._closed:
                return
            self._closed = True
        self._background.close()
        self._compactor.stop()
        self._background.join()
        try:
            self.flush()
            drivers.close(self._storage, self.search, self.driver_epoch)
        except StorageError:
            self._make_way()
            raise
        finally:
            self._spool.close()
            if self._journal is not None:
                self._journal.close()

    def _make_way(self) -> None:
        """Let the next driver in though rows wait: it finds them on the disk."""
        args = self._storage, self.search, self.driver_epoch
        with suppress(StorageError):
            if drivers.is_there(*args):
                drivers.close(*args)

    def _checked(self, table: str, row: Mapping[str, Any]) -> Row:
        if table not in self._schemas:
            known = ", ".join(schema.TABLES)
            raise ValueError(f"`table` must be one of {known}, got {table!r}.")
        return row_checks.check_row(table, self._schemas[table], row)

    def _check_open(self) -> None:
        """Refuse rows that could not be kept or must not be."""
        if self._closed:
            raise ValueError("The writer must be open to append, and is closed.")
        if self._fenced:
            raise self._taken_over()
        count = self._waiting.count()
        if count >= SPOOL_ROWS:
            raise StorageError(
                f"Cannot write `{self._storage.location}`: {count} rows wait for it."
            )

    def _keep(self, rows: list[tuple[str, Row]]) -> None:
        """Make rows durable: in the journal, or else in the spool.

        The fence is asked after the journal is synced. A driver that takes over
        reads the journal after that, so it finds every acknowledged row in it.
        """
        self._turn += 1
        if self._journal is not None:
            try:
                try:
                    self._journal.append(rows, turn=self._turn)
                finally:
                    self._check_place()
            except StorageError as error:
                self._trouble = sentence(error, self._storage.root)
                self._background.wake()
                self._spool.append(rows, self._turn)
        elif self._trouble is not None:
            self._spool_with_waiting(rows)

    def _spool_with_waiting(self, rows: list[tuple[str, Row]]) -> None:
        """Spool rows, and those before them that no disk holds yet."""
        pending = self._waiting.after(self._spooled_seq) + rows
        if pending:
            self._spool.append(pending, self._turn)
            self._spooled_seq = pending[-1][1]["seq"]

    def _fail(self, error: StorageError) -> None:
        """Say why a flush failed; rows that were only in memory go to the spool."""
        with self._rows_lock:
            self._trouble = sentence(error, self._storage.root)
            if self._journal is None:
                self._turn += 1
                with suppress(StorageError):  # then `append` is refused
                    self._spool_with_waiting([])

    def _check_place(self) -> None:
        """Refuse to write to another store, or once a later driver has the search."""
        if not drivers.is_there(self._storage, self.search, self.driver_epoch):
            raise StorageError(
                f"Cannot write `{self._storage.location}`: the store has gone."
            )
        if self._fenced or drivers.is_fenced(
            self._storage, self.search, self.driver_epoch
        ):
            self._fenced, self._trouble = True, None
            raise self._taken_over()

    def _taken_over(self) -> ValueError:
        return ValueError(
            f"`{self.search}` must have one driver at a time, and driver epoch "
            f"{self.driver_epoch} was taken over by a later one."
        )

    def _forget(self) -> None:
        """Empty journal and spool: all rows are in segments.

        After a failure the store must take some bytes first, because without rows
        nothing else would show that it can be written.
        """
        if self._trouble is not None:
            args = self._storage, self.search, self.driver_epoch
            drivers.beat(*args, size_bytes=_PROBE_BYTES)
        if self._journal is not None:
            self._journal.empty()
        self._spool.empty()

    def _work(self) -> bool:
        """What the background does at each turn; False once it must end."""
        try:
            self.flush()
            if time.monotonic() >= self._next_beat:
                drivers.beat(self._storage, self.search, self.driver_epoch)
                self._next_beat = time.monotonic() + drivers.BEAT_S
            written = self._waiting.segments_written
            self._compactor.compact_due(written, self._next_seq)
        except ValueError:
            if not self._fenced:
                raise
            return False  # `append` says so
        return True
