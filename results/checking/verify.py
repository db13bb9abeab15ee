"""Is every file of a store as it was written? Each damage named, nothing changed.

What is checked: the records (store, headers, drivers), the segments and what
their names promise, the journals, the checkpoints, the products of pre-training
and the prepared data. Pictures for TensorBoard have no checksums and are not looked
at.

A driver may write, and files may come and go by compaction, while this reads: a
file that is gone by the time it is read is passed over, and what is written in
several steps is looked at again before it counts as damaged.
"""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from results.checking import findings, verify_runs, verify_tables
from results.checking.findings import Finding, Seen
from results.format import headers, records, schema
from results.format.headers import Header
from results.format.names import check_name
from results.format.storage import Storage, StorageError
from results.writing import journal


_Problem = TypeVar("_Problem")

LOOKS = 3
"""How often a file that is written in steps must look damaged to be so."""


def verify(
    storage: Storage,
    search: str | None = None,
    seen: Seen | None = None,
    *,
    again_s: float = 0.3,
) -> Iterator[Finding]:
    """Every damage of a store, file by file.

    Args:
        storage: Where the store is, whether or not its `store.json` is sound.
        search: Only the files of one search; None is the whole store.
        seen: Told of each file that was checked, of some more than once.
        again_s: Time after which a damaged file that is written in steps is
            looked at again, in case a driver was at work on it.

    Yields:
        One finding a damaged file; none if all is as it was written.

    Raises:
        ValueError: If there is no such search.
        StorageError: If the store cannot be listed.
    """
    if search is not None:
        check_name("search", search)
        if search not in headers.searches(storage):
            raise headers.unknown(storage, search)
    check = _Check(storage, search, seen or (lambda *_: None), again_s)
    yield from check.records()
    yield from verify_tables.tables(storage, search, check.seen)
    yield from check.journals()
    yield from check.checkpoints()
    if search is None:
        yield from check.products()
        yield from check.prepared()


def files(storage: Storage, search: str | None = None) -> int:
    """How many files `verify` will look at, about.

    Raises:
        ValueError: If `search` cannot be a name.
        StorageError: If the store cannot be listed.
    """
    if search is not None:
        check_name("search", search)
    inside = "" if search is None else f"/{search}"
    wanted = [
        f"{table}{inside and '/search='}{search or ''}" for table in verify_tables.ORDER
    ]
    wanted += [f"{name}{inside}" for name in ("drivers", "journal", "checkpoints")]
    wanted += ["cache", "searches", "stages"] if search is None else []
    return 1 + sum(len(storage.list(folder)) for folder in wanted)


_LOOKS = {
    "checkpoints": (verify_runs.checkpoint_problem, "checkpoint"),
    "pre-trainings": (verify_runs.product_problem, "stage"),
    "prepared data": (verify_runs.cache_problem, "cache"),
}
"""How a folder of each kind is checked, and which remedy it has."""


class _Check:
    """The checks of one call, by what is checked."""

    def __init__(
        self, storage: Storage, search: str | None, seen: Seen, again_s: float
    ) -> None:
        self._storage, self.seen = storage, seen
        self._again_s = again_s
        self._inside = "" if search is None else f"/{search}"

    def records(self) -> Iterator[Finding]:
        """The store's record, the headers and the drivers'."""
        yield from self._record("store.json", "store")
        for path in self._storage.list("searches"):
            if path == f"searches{self._inside or path[8:-5]}.json":
                yield from self._record(path, "header")
        for path in self._storage.list(f"drivers{self._inside}"):
            if path.endswith(".json"):
                yield from self._record(path, "driver")

    def journals(self) -> Iterator[Finding]:
        """Rows that are in no segment yet, and journals that were set aside."""
        for path in self._storage.list(f"journal{self._inside}"):
            if path.endswith(".damaged"):
                yield findings.finding(path, "It was set aside as damaged.", "aside")
            elif path.endswith(".jsonl"):
                problem = self._confirmed(lambda path=path: self._journal(path))
                if problem is not None:
                    yield findings.finding(path, problem, "journal")

    def checkpoints(self) -> Iterator[Finding]:
        """The folders that hold a checkpoint."""
        for folder, paths in self._folders(f"checkpoints{self._inside}").items():
            if f"{folder}/{verify_runs.HEADER}" in paths:
                yield from self._folder(folder, paths, "checkpoints")

    def products(self) -> Iterator[Finding]:
        """The products of pre-training; claims and what is being made are none."""
        for folder, paths in self._folders("stages").items():
            if folder.startswith("stages/") and not folder.startswith("stages/."):
                yield from self._folder(folder, paths, "pre-trainings")

    def prepared(self) -> Iterator[Finding]:
        """The finished sets of prepared data."""
        for folder, paths in self._folders("cache").items():
            name = folder.rpartition("/")[2]
            if not name.startswith(".") and name.endswith(verify_runs.CACHE_LAYOUT):
                yield from self._folder(folder, paths, "prepared data")

    def _folders(self, root: str) -> dict[str, list[str]]:
        """The paths of all files under a root by their folder."""
        found: dict[str, list[str]] = {}
        for path in self._storage.list(root):
            found.setdefault(path.rpartition("/")[0], []).append(path)
        return found

    def _folder(self, folder: str, paths: list[str], kind: str) -> Iterator[Finding]:
        """One checkpoint, or one prepared set."""
        for path in paths:
            self.seen(kind, path, self._bytes(path))
        look, key = _LOOKS[kind]
        try:
            found = self._confirmed(lambda: look(self._storage, folder))
        except StorageError as error:
            yield findings.finding(folder, findings.cause(error), "unread")
            return
        if found is not None:
            yield findings.finding(*found, key)

    def _record(self, path: str, key: str) -> Iterator[Finding]:
        """One file of `records`."""
        try:
            data = self._storage.get(path)
            self.seen("records", path, len(data))
            if records.encode(records.decode(path, data)) != data:
                raise StorageError("Its text has changed")  # but not what it says
            if (
                key == "header"
                and f"/{Header.from_bytes(path, data).name}." not in path
            ):
                raise StorageError("It is the header of another search")
        except FileNotFoundError:
            if key == "store":
                yield findings.finding(path, "It is missing.", key)
        except schema.SchemaMismatch as error:
            yield findings.finding(path, findings.cause(error), "newer")
        except (StorageError, ValueError) as error:
            yield findings.finding(path, findings.cause(error), key)

    def _journal(self, path: str) -> str | None:
        """What is wrong with a journal, as far as it is complete."""
        try:
            data = self._storage.get(path)
        except FileNotFoundError:
            return None
        except StorageError as error:
            return findings.cause(error)
        self.seen("journals", path, len(data))
        damaged = journal.parsed(data).damaged
        if not damaged:
            return None
        if damaged[0] > data.count(b"\n"):
            return f"The end of line {damaged[0]} has changed."
        return f"The checksum of line {damaged[0]} does not match."

    def _confirmed(self, look: Callable[[], _Problem | None]) -> _Problem | None:
        """A problem that is still there when looked at again, or None."""
        for _ in range(LOOKS - 1):
            if look() is None:
                return None
            time.sleep(self._again_s)
        return look()

    def _bytes(self, path: str) -> int:
        root = self._storage.root
        try:
            if root is not None:
                return (root / path).stat().st_size
            return len(self._storage.get(path))
        except OSError:
            return 0
