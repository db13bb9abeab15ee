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
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from results.checking import verify_runs
from results.format import headers, records, schema, segments
from results.format.headers import Header
from results.format.names import check_name
from results.format.segments import Segment
from results.format.storage import Storage, StorageError


_Problem = TypeVar("_Problem")

LOOKS = 3
"""How often a file that is written in steps must look damaged to be so."""

KINDS = (
    "records",
    "segments",
    "journals",
    "checkpoints",
    "pre-trainings",
    "prepared data",
)
"""What there is to check, in this order."""

BACKUP = "Copy it back from a backup; nothing can make it again."
REMEDIES = {
    "store": BACKUP,
    "header": "Copy it back from a backup; the search's tables can still be read.",
    "driver": "Delete it once no process drives the search; `search` then goes on.",
    "segment": "Copy it back from a backup, or move it out of the store and lose "
    "its rows.",
    "stranger": "Move it out of the tables.",
    "newer": "Install a newer crossnets.",
    "orphan": "Copy the missing segment of `trials` back from a backup.",
    "journal": "Go on with the same `search`: sound rows are kept, lost ones named.",
    "aside": "Its sound rows are stored; delete it when it is of no more use.",
    "checkpoint": "Delete its folder; the trial goes on from the one before.",
    "stage": "Delete its folder; the next trial that needs it trains it again.",
    "cache": "Delete its folder; the next run makes it again.",
    "unread": "Mend the disk or the permissions, and check again.",
}
"""What to do about each kind of damage."""

Seen = Callable[[str, str, int], None]
"""Told the kind and path of each file that was checked, and its bytes."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One damaged or misplaced file."""

    path: str
    """Relative to the store."""
    problem: str
    """What is wrong with it, a sentence."""
    remedy: str
    """What to do about it, a sentence."""


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
        known_searches = headers.searches(storage)
        if search not in known_searches:
            known = ", ".join(known_searches) or "none"
            raise ValueError(
                f"`search` must be one of the store's ({known}), got {search!r}."
            )
    check = _Check(storage, search, seen or (lambda *_: None), again_s)
    yield from check.records()
    yield from check.tables()
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
    wanted = [f"{table}{inside and '/search_id='}{search or ''}" for table in _TABLES]
    wanted += [f"{name}{inside}" for name in ("drivers", "journal", "checkpoints")]
    wanted += ["cache", "searches", "stages"] if search is None else []
    return 1 + sum(len(storage.list(folder)) for folder in wanted)


_TABLES = tuple(reversed(schema.TABLES))
"""`trials` comes last: a trial's first row is older than all others of it."""


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
        self._storage, self._search, self._seen = storage, search, seen
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

    def tables(self) -> Iterator[Finding]:
        """The segments, and whether each row's trial is known."""
        trials: dict[str, dict[str, set[str]]] = {}
        unsure: set[str] = set()
        for table in _TABLES:
            trials[table] = {}
            for path, data in self._listed(table):
                misplaced = _misplaced(self._storage, table, path)
                if misplaced is not None:
                    yield misplaced
                    continue
                search = path.split("/")[1].partition("=")[2]
                rows = _decoded(table, search, path, data)
                if isinstance(rows, Finding):
                    unsure.add(search)
                    yield rows
                else:
                    known = trials[table].setdefault(search, set())
                    known.update(rows["trial"].unique().to_pylist())
        yield from _orphans(trials, unsure)

    def journals(self) -> Iterator[Finding]:
        """Rows that are in no segment yet, and journals that were set aside."""
        for path in self._storage.list(f"journal{self._inside}"):
            if path.endswith(".damaged"):
                yield _finding(path, "It was set aside as damaged.", "aside")
            elif path.endswith(".jsonl"):
                problem = self._confirmed(lambda path=path: self._journal(path))
                if problem is not None:
                    yield _finding(path, problem, "journal")

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
            self._seen(kind, path, self._bytes(path))
        look, key = _LOOKS[kind]
        try:
            found = self._confirmed(lambda: look(self._storage, folder))
        except StorageError as error:
            yield _finding(folder, _cause(error), "unread")
            return
        if found is not None:
            yield _finding(*found, key)

    def _record(self, path: str, key: str) -> Iterator[Finding]:
        """One file of `records`."""
        try:
            data = self._storage.get(path)
            self._seen("records", path, len(data))
            if records.encode(records.decode(path, data)) != data:
                raise StorageError("Its text has changed")  # but not what it says
            if (
                key == "header"
                and f"/{Header.from_bytes(path, data).name}." not in path
            ):
                raise StorageError("It is the header of another search")
        except FileNotFoundError:
            if key == "store":
                yield _finding(path, "It is missing.", key)
        except schema.SchemaMismatch as error:
            yield _finding(path, _cause(error), "newer")
        except (StorageError, ValueError) as error:
            yield _finding(path, _cause(error), key)

    def _journal(self, path: str) -> str | None:
        """What is wrong with a journal, as far as it is complete."""
        try:
            data = self._storage.get(path)
        except FileNotFoundError:
            return None
        except StorageError as error:
            return _cause(error)
        self._seen("journals", path, len(data))
        *lines, rest = data.split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not _is_line(line):
                return f"The checksum of line {number} does not match."
        if _is_line(rest[:-1]):  # a torn line is shorter than a whole one
            return f"The end of line {len(lines) + 1} has changed."
        return None

    def _listed(self, table: str) -> Iterator[tuple[str, bytes]]:
        """Every file of a table, those that appear meanwhile included."""
        folder = table if self._search is None else segments.folder(table, self._search)
        read: set[str] = set()
        while new := [p for p in self._storage.list(folder) if p not in read]:
            for path in new:
                read.add(path)
                try:
                    data = self._storage.get(path)
                except FileNotFoundError:
                    continue  # compacted: what replaces it is in the next listing
                except StorageError:
                    data = b""  # decoding it says that it is damaged
                self._seen("segments", path, len(data))
                yield path, data

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


def _finding(path: str, problem: str, key: str) -> Finding:
    return Finding(path=path, problem=problem, remedy=REMEDIES[key])


def _cause(error: Exception) -> str:
    """What an error says besides the path, which stands beside it already."""
    text = str(error)
    text = text.partition(" is damaged: ")[2] or text
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def _misplaced(storage: Storage, table: str, path: str) -> Finding | None:
    """A file that does not belong into a table's folder; None if it does."""
    parts = path.split("/")
    inside = len(parts) == 3 and parts[1].startswith("search_id=")
    if not inside or segments.parse(path) is None:
        return _finding(path, f"It is no segment of `{table}`.", "stranger")
    search = parts[1].partition("=")[2]
    if not storage.exists(headers.path_of(search)):
        return _finding(path, f"Its search `{search}` has no header.", "header")
    return None


def _decoded(table: str, search: str, path: str, data: bytes) -> pa.Table | Finding:
    """The rows of a segment, or what is wrong with it."""
    try:
        rows = segments.decode(path, table, data)
    except schema.SchemaMismatch as error:
        return _finding(path, _cause(error), "newer")
    except StorageError as error:
        return _finding(path, _cause(error), "segment")
    problem = _contradiction(table, search, path, rows)
    return rows if problem is None else _finding(path, problem, "segment")


def _contradiction(table: str, search: str, path: str, rows: pa.Table) -> str | None:
    """What in a sound file is not as its name and its table promise."""
    wanted = schema.schema(table)
    for field in wanted:
        here = rows.schema.get_field_index(field.name)
        if here < 0 and not field.nullable:
            return f"It lacks the column `{field.name}`."
        if here >= 0 and rows.schema.field(here).type != field.type:
            return f"Its column `{field.name}` must be of type {field.type}."
    segment = segments.parse(path)
    assert segment is not None
    if rows["search_id"].unique().to_pylist() != [search]:
        return f"Its rows must all be of the search `{search}`."
    return _numbers(segment, rows)


def _numbers(segment: Segment, rows: pa.Table) -> str | None:
    """Whether epochs and sequence numbers are what the name says."""
    epochs, seqs = (
        pc.call_function("min_max", [rows[name]]).as_py() for name in ("epoch", "seq")
    )
    if epochs["max"] != segment.epoch or seqs["max"] != segment.last_seq:
        return "Its name must say the last epoch and sequence number in it."
    if epochs["min"] == epochs["max"]:
        apart = len(rows["seq"].unique())
    elif segment.is_compact:
        apart = len(rows.group_by(["epoch", "seq"]).aggregate([]))
    else:
        return "Its rows must be of one epoch."
    return None if apart == len(rows) else "No row may stand in it twice."


def _orphans(
    trials: dict[str, dict[str, set[str]]], unsure: set[str]
) -> Iterator[Finding]:
    """Rows of trials that `trials` lacks, so that a segment must be missing.

    A search of which a segment is damaged is left out: that was named already.
    """
    for table, by_search in trials.items():
        for search, named in by_search.items():
            lost = named - trials["trials"].get(search, set())
            if lost and search not in unsure:
                yield _finding(
                    segments.folder(table, search),
                    f"It has rows of {len(lost)} trials that have no row in "
                    f"`trials`, such as `{min(lost)}`.",
                    "orphan",
                )


def _is_line(line: bytes) -> bool:
    """Whether a line of a journal is one that was written whole."""
    crc, _, text = line.partition(b" ")
    return len(line) > 0 and crc == b"%08x" % zlib.crc32(text)
