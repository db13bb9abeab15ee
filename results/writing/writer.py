"""The writer of one search: rows in, journal at once, segments in the background.

A row is acknowledged when `append` returns; it is then in the fsynced journal, which
lies in a store that is a folder, and on this machine for an object store (see
`journal_place`). A row that the journal does not take is refused, and may be given
again; `trouble` says what is the matter. Once in the journal, rows go to the store
by themselves, at most `background.FLUSH_S` later while it can be written. The rows
in memory are in `waiting`, the thread in `background`, its compactions in
`compactor`.
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
from results.writing.waiting import WaitingRows


FLUSH_ROWS = 256
"""Rows that make a flush start at once."""

JOURNAL_BYTES = 16 * 2**20
"""Size of the journal above which `append` waits for a flush to end."""

LIMIT_BYTES = 64 * 2**20
"""Size of the journal above which rows are refused; it bounds the memory too."""

_PROBE_BYTES = 4096


class Writer:
    """The only writer of a search; made by `Store.writer`. Safe for threads."""

    def __init__(
        self,
        storage: Storage,
        *,
        search: str,
        driver_epoch: int,
        mark: str,
        first_seq: int,
        journal: Journal,
        warnings: tuple[str, ...] = (),
    ) -> None:
        """Start the background thread; see `Store.writer`."""
        self.search: str = search
        self.driver_epoch: int = driver_epoch
        self.warnings = warnings
        """What recovery found damaged, one sentence each."""
        self._storage, self._journal, self._mark = storage, journal, mark
        self._schemas = {name: schema.schema(name) for name in schema.TABLES}
        self._next_seq = first_seq
        self._closed = self._fenced = False
        self._trouble: str | None = None
        self._rows_lock, self._flush_lock = threading.RLock(), threading.Lock()
        place = storage, search, driver_epoch
        self._waiting = WaitingRows(*place, self._rows_lock)
        self._compactor = Compactor(*place)
        try:
            drivers.beat(*place)
        except StorageError:
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
        """Why the store cannot be written now, in one sentence; None if it can.

        It is over by itself one day. A defect, which is not, is none: it is raised by
        the next call.
        """
        return None if self._background.failure else self._trouble

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
            StorageError: If the journal cannot make them durable, or too many rows
                wait for the store; then they may be given again.
            Exception: What ended the thread that writes the store, if nobody foresaw
                it; then none is written.
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
            Exception: What ended the thread that writes the store.
        """
        self._check_thread()
        self._flush()

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
        the same; the journal keeps the rows for the next driver.

        Raises:
            StorageError: If the last rows cannot be put into segments.
            ValueError: If another driver has taken the search over.
            Exception: What ended the thread that writes the store.
        """
        with self._rows_lock:
            if self._closed:
                return
            self._closed = True
        self._background.close()
        self._compactor.stop()
        self._background.join()
        try:
            self._flush()
            drivers.close(self._storage, self.search, self.driver_epoch)
        except Exception:
            self._make_way()
            raise
        finally:
            self._journal.close()
        self._check_thread()

    def _flush(self) -> None:
        """Put every row acknowledged so far into segments; say that we are there."""
        with self._flush_lock:
            try:
                self._check_place()
                self._beat()
                self._waiting.put()
                with self._rows_lock:
                    if self._journal.size_bytes > JOURNAL_BYTES:
                        self._waiting.put()
                    if not self._waiting.count():
                        self._forget()
            except StorageError as error:
                raise self._troubled(error) from error
            self._trouble = None

    def _make_way(self) -> None:
        """Let the next driver in though rows wait: it finds them in the journal."""
        args = self._storage, self.search, self.driver_epoch
        with suppress(StorageError):
            if not self._fenced and drivers.fingerprint(*args) == self._mark:
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
        self._check_thread()
        if self._journal.size_bytes >= LIMIT_BYTES:
            self._background.wake()
            raise StorageError(
                f"Cannot write `{self._journal.path}`: {LIMIT_BYTES} bytes wait there "
                f"for `{self._storage.location}`. {self._trouble or ''}".rstrip()
            )

    def _check_thread(self) -> None:
        """Raise what ended the background thread, if it was not asked to end."""
        if self._background.failure is not None:
            raise self._background.failure

    def _keep(self, rows: list[tuple[str, Row]]) -> None:
        """Make rows durable in the journal.

        In a folder the fence is asked after the journal is synced. A driver that takes
        over reads the journal after that, so it finds every acknowledged row in it. An
        object store is not waited for; there the next flush finds the fence.
        """
        is_folder = self._storage.root is not None
        try:
            if self._journal.is_torn:
                self._check_place()  # else the journal of another store might be cut
            self._journal.append(rows, self._check_place if is_folder else None)
        except StorageError as error:
            with suppress(StorageError):
                self._check_place()  # who was taken over is told so
            self._background.wake()
            raise self._troubled(error) from error

    def _troubled(self, error: StorageError) -> StorageError:
        """Keep why the store or the journal cannot be written; what to raise."""
        self._trouble = sentence(error, self._journal.path.parent)
        return StorageError(self._trouble)

    def _check_place(self) -> None:
        """Refuse to write to another store, or once a later driver has the search."""
        args = self._storage, self.search, self.driver_epoch
        mark = drivers.fingerprint(*args)
        if mark != self._mark:
            what = "the store has gone" if mark is None else "another one is there"
            raise StorageError(f"Cannot write `{self._storage.location}`: {what}.")
        if self._fenced or drivers.is_fenced(*args):
            self._fenced, self._trouble = True, None
            raise self._taken_over()

    def _taken_over(self) -> ValueError:
        return ValueError(
            f"`{self.search}` must have one driver at a time, and driver epoch "
            f"{self.driver_epoch} was taken over by a later one."
        )

    def _forget(self) -> None:
        """Empty the journal: all rows are in segments.

        After a failure the store must take some bytes first, because without rows
        nothing else would show that it can be written.
        """
        if self._trouble is not None:
            args = self._storage, self.search, self.driver_epoch
            drivers.beat(*args, size_bytes=_PROBE_BYTES)
        self._journal.empty()

    def _beat(self) -> None:
        """Say that the driver is there, if it is time."""
        if time.monotonic() >= self._next_beat:
            drivers.beat(self._storage, self.search, self.driver_epoch)
            self._next_beat = time.monotonic() + drivers.BEAT_S

    def _work(self) -> bool:
        """What the background does at each turn; False once it must end."""
        try:
            self._flush()
        except ValueError:
            if not self._fenced:
                raise
            return False  # `append` says so
        written = self._waiting.segments_written
        self._compactor.compact_due(written, self._next_seq)
        return True
