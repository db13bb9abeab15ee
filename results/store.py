"""A store: searches with their headers, their one writer and their files.

What a reader may count on:

- A file is whole or not there, and never changes; the tables hold nothing but
  Parquet files.
- A row is durable when `Writer.append` returns, and the next driver puts it into a
  segment if its own could not: any driver on a local store, one on the same machine
  on an object store, whose journal lies on its driver's disk.
- Rows are known by their key; of rows with one key the highest (driver_epoch, attempt,
  seq) holds, never the latest clock. Duplicates change nothing.
- Compaction replaces segments by one file with the same rows. A row is known by its
  search, driver_epoch and sequence number, and is given once however many files hold it.
- A file that is not what was written is named and never used.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from results.format import headers, records, schema, schema_1, segments, versions
from results.format.headers import Header
from results.format.names import check_name
from results.format.storage import Storage, StorageError
from results.writing import drivers, journal_place, recovery, trial_counts
from results.writing.journal import Journal
from results.writing.writer import Writer


_FORMAT = "crossnets-store"
_TRIES = 10


class Store:
    """One store; any number of processes may read it while searches run."""

    def __init__(self, storage: Storage) -> None:
        """See `Store.open`."""
        self.storage = storage

    def __repr__(self) -> str:
        return f"Store({self.storage.location!r})"

    @classmethod
    def open(cls, location: str | Path, *, create: bool = False) -> "Store":
        """Open a store.

        Args:
            location: A folder, or a URL such as s3://bucket/folder.
            create: Whether to make it if there is none.

        Returns:
            The store.

        Raises:
            ValueError: If there is no store and `create` is False, or `location`
                is a URL that cannot be one.
            StorageError: If the storage cannot be read or written, or its
                `store.json` is damaged.
            SchemaMismatch: If a newer major version wrote it.
        """
        storage = _storage(location, create=create)
        if create and not storage.exists("store.json"):
            said = {"format": _FORMAT, "version": schema.VERSION}
            storage.create("store.json", records.encode(said))
        try:
            said = records.decode("store.json", storage.get("store.json"))
        except FileNotFoundError as error:
            raise ValueError(
                f"`store` must be a store, got {str(location)!r}: no store.json there."
            ) from error
        if said.get("format") != _FORMAT:
            raise schema.SchemaMismatch(f"`store.json` must be of a {_FORMAT}.")
        versions.check_version("store.json", said.get("version"))
        return cls(storage)

    def create_search(self, header: Header) -> None:
        """Store the header of a new search.

        Raises:
            ValueError: If the name is taken, also by another process just now.
            StorageError: If the store cannot be written.
        """
        if not self.storage.create(headers.path_of(header.name), header.to_bytes()):
            raise ValueError(f"`name` must be new, and `{header.name}` exists already.")

    def searches(self) -> list[str]:
        """Names of all searches, sorted.

        Raises:
            StorageError: If the store cannot be listed.
        """
        return headers.searches(self.storage)

    def header(self, search: str) -> Header:
        """What a search was started with.

        Raises:
            ValueError: If there is no such search.
            StorageError: If its header cannot be read.
            SchemaMismatch: If a newer major version wrote it.
        """
        check_name("search", search)
        path = headers.path_of(search)
        try:
            return Header.from_bytes(path, self.storage.get(path))
        except FileNotFoundError as error:
            raise headers.unknown(self.storage, search) from error

    def wanted(self, search: str) -> int:
        """How many trials a search is to have, as was wished last.

        Raises:
            ValueError: If there is no such search.
            StorageError: If the store cannot be read.
        """
        first = self.header(search).trials
        return trial_counts.newest(self.storage, search, first).trials

    def want(self, search: str, trials: int) -> None:
        """Set how many trials a search is to have; its driver asks when it starts.

        Raises:
            ValueError: If there is no such search, or it has a budget instead.
            StorageError: If the store cannot be read or written.
        """
        header = self.header(search)
        if header.budget is not None:
            raise ValueError(
                f"`name` must be a search that counts its trials, and {search} has a "
                f"budget of {header.budget}: the same `search` command with another "
                "--budget extends it."
            )
        first = header.trials
        typed = trial_counts.newest(self.storage, search, first).typed
        count = trial_counts.Count(trials=trials, typed=typed)
        trial_counts.add(self.storage, search, count)

    def writer(self, search: str, *, takeover: bool = False) -> Writer:
        """Become the one writer of a search.

        Rows that an earlier driver acknowledged and could not put into segments
        are put there first.

        Args:
            search: Its name.
            takeover: Whether a driver that is still alive is fenced out. Otherwise
                one on another host that did not end in order is looked at first,
                for up to `drivers.STALE_S`.

        Returns:
            The writer; close it, or use it as a context.

        Raises:
            ValueError: If there is no such search, or another driver is alive.
            StorageError: If the store cannot be written.
        """
        self.header(search)
        driver_epoch = drivers.take(self.storage, search, takeover=takeover)
        try:
            return self._opened(search, driver_epoch)
        except StorageError:
            drivers.close(self.storage, search, driver_epoch)
            raise

    def driver(self, search: str) -> drivers.Driver | None:
        """The driver of a search, unless it has ended as far as can be told at once.

        One on another host that did not end in order is given, with the time when
        it was last heard of.

        Raises:
            ValueError: If `search` cannot be a name.
            StorageError: If the store cannot be read.
        """
        check_name("search", search)
        return drivers.current(self.storage, search)

    def rows(self, table: str, search: str | None = None) -> pa.Table:
        """Every stored row of a table once, superseded ones included.

        Args:
            table: Name of the table.
            search: One search, or None for all.

        Returns:
            The rows with all columns of the table, whether or not a file is there.

        Raises:
            ValueError: If the table is unknown, or there is no such search.
            StorageError: If a file is damaged or cannot be read; it is named.
            SchemaMismatch: If a newer major version wrote a file.
        """
        names = self.searches() if search is None else [search]
        found = [self.header(name) for name in names]
        folders = [table] if search is None else segments.folders(table, search)
        files = self._files(table, folders)
        target = versions.merged(table, [file.schema for file in files])
        parts = [segments.fitted(file.rows(), target) for file in files]
        rows = pa.concat_tables([pa.Table.from_batches([], target), *parts])
        rows = rows if _are_apart(files) else _once(rows)
        if table == "parameters":
            rows = pa.concat_tables([rows, *self._unstored(rows, found)])
        return rows

    def _unstored(self, rows: pa.Table, found: list[Header]) -> Iterator[pa.Table]:
        """Parameters of trials that an older version has proposed."""
        for header in found:
            if versions.is_older(header.schema_version):
                own = rows.filter(pc.field("search") == header.name)
                trials = self.rows("trials", header.name)
                is_stored = pc.call_function(
                    "is_in",
                    [trials["trial"]],
                    pc.SetLookupOptions(own["trial"].unique()),
                )
                yield schema_1.parameters(
                    trials.filter(pc.call_function("invert", [is_stored])),
                    header.parameters,
                )

    def _opened(self, search: str, driver_epoch: int) -> Writer:
        """The writer of an epoch, after recovery."""
        place = self.storage, search, driver_epoch
        found = recovery.recover(*place)
        mark = drivers.fingerprint(*place)
        if mark is None:
            raise StorageError(f"Cannot read `{self.storage.location}`: it has gone.")
        return Writer(
            self.storage,
            search=search,
            driver_epoch=driver_epoch,
            mark=mark,
            first_seq=found.first_seq,
            journal=Journal(journal_place.path_of(*place, mark)),
            warnings=found.warnings,
        )

    def _files(self, table: str, folders: list[str]) -> list[segments.Opened]:
        """All segments under folders, as they stand together at one moment.

        A listing is not of one moment: it may miss a compact file that is made
        and the segments that go meanwhile. So it is taken again after reading.
        """
        read: dict[str, segments.Opened] = {}
        for _ in range(_TRIES):
            paths = self._paths(folders)
            try:
                for path in paths:
                    if path not in read:
                        data = self.storage.get(path)
                        read[path] = segments.opened(path, table, data)
            except FileNotFoundError:
                continue  # compacted since the listing: what replaces it is there
            new = set(self._paths(folders)).difference(paths)
            if not any("/compact-" in path for path in new):
                return [read[path] for path in paths]
        raise StorageError(f"Cannot read `{folders[0]}`: its files keep vanishing.")

    def _paths(self, folders: list[str]) -> list[str]:
        listed = [path for folder in folders for path in self.storage.list(folder)]
        return [path for path in listed if segments.parse(path)]


def _are_apart(files: list[segments.Opened]) -> bool:
    """Whether no row can stand in two files, by their sequence numbers.

    Each file holds a row once. Files of one search that hold numbers of one range
    are rare: a compaction or a recovery was cut off, or a fenced driver wrote.
    """
    folders: dict[str, list[tuple[int, int]]] = {}
    for file in files:
        folders.setdefault(file.path.rpartition("/")[0], []).append(file.seqs())
    return all(
        low[1] < high[0]
        for spans in folders.values()
        for low, high in pairwise(sorted(spans))
    )


def _once(rows: pa.Table) -> pa.Table:
    """The rows without those that stand twice: same search, driver_epoch and number."""
    identity = ["search", "driver_epoch", "seq"]
    numbered = rows.select(identity).append_column(
        "place", pa.array(range(len(rows)), pa.int64())
    )
    first = numbered.group_by(identity).aggregate([("place", "min")])
    return rows.take(first.sort_by("place_min")["place_min"])


def _storage(location: str | Path, *, create: bool) -> Storage:
    """The storage of a store; a folder that is missing is a bad argument."""
    path = Path(str(location).removeprefix("file://"))
    if not create and "://" not in str(path) and not path.exists():
        raise ValueError(
            f"`store` must be the folder of a store, got {str(location)!r}, which "
            "does not exist."
        )
    return Storage(location, create=create)
