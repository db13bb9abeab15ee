"""What a new driver does first: it stores what earlier ones acknowledged and lost.

A row that is in a journal and in no segment was acknowledged by a driver that
died, or whose store failed, before its flush. The names of the segments tell
which rows they hold (see `segments`), so nothing is stored twice, and a recovery
that is cut off is simply done again.
"""

from collections.abc import Mapping
from pathlib import Path

from results import journal, schema, segments
from results.journal import Row
from results.storage import Storage


def journal_path(root: Path, search: str, epoch: int) -> Path:
    """Where the journal of a driver of a local store lies."""
    return root / "journal" / search / f"{epoch:07d}.jsonl"


def recover(storage: Storage, search: str, parameters: Mapping[str, str]) -> int:
    """Put rows that are only in journals into segments, and remove the journals.

    Args:
        storage: Where the search is; only a local one has journals.
        search: Its name.
        parameters: The search's parameters and their types.

    Returns:
        The first sequence number that no stored row has or exceeds.

    Raises:
        StorageError: If the store cannot be written, or a journal is damaged.
    """
    if storage.root is not None:
        folder = journal_path(storage.root, search, 0).parent
        for path in sorted(folder.glob("*.jsonl")):
            _store(storage, search, path, parameters)
            path.unlink()
    stored = [_last_seqs(storage, table, search) for table in schema.TABLES]
    return max((seq for seqs in stored for seq in seqs.values()), default=-1) + 1


def _store(
    storage: Storage, search: str, path: Path, parameters: Mapping[str, str]
) -> None:
    """Put the rows of one journal into segments, unless they are there."""
    stored = {name: _last_seqs(storage, name, search) for name in schema.TABLES}
    lost: dict[tuple[str, int], list[Row]] = {}
    for table, row in journal.read(path):
        if row["seq"] > stored[table].get(row["epoch"], -1):
            lost.setdefault((table, row["epoch"]), []).append(row)
    for (table, epoch), rows in lost.items():
        target = segments.path_of(table, search, epoch, rows[-1]["seq"])
        data = segments.encode(schema.schema(table, parameters), rows)
        storage.create(target, data)


def _last_seqs(storage: Storage, table: str, search: str) -> dict[int, int]:
    """The last stored sequence number of each epoch of a table."""
    last: dict[int, int] = {}
    for path in storage.list(segments.folder(table, search)):
        if segment := segments.parse(path):
            last[segment.epoch] = max(last.get(segment.epoch, -1), segment.last_seq)
    return last
