"""How many trials a search is to have, from its start to what was wished since.

The header says what was wanted first. Each later wish is a file of its own beside
those of the drivers, `trials-<number>.json`; the highest number holds. It has two
counts: `trials` is what holds, and `typed` what the `search` command said. So the
same command goes on with what `crossnets trials` has set, and one that says another
number sets that.
"""

import re
from dataclasses import dataclass

from results.format import records
from results.format.storage import Storage, StorageError


_NAME = re.compile(r"trials-(\d{7})\.json")


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many trials are wanted."""

    trials: int
    """As it holds."""
    typed: int
    """As the command `search` said last."""


def newest(storage: Storage, search: str, first: int) -> Count:
    """What holds now.

    Args:
        storage: Where the search is.
        search: Its name.
        first: What its header says.

    Raises:
        StorageError: If the store cannot be read, or the file is damaged.
    """
    number = _highest(storage, search)
    if not number:
        return Count(trials=first, typed=first)
    path = _path(search, number)
    said = records.decode(path, storage.get(path))
    try:
        return Count(trials=int(said["trials"]), typed=int(said["typed"]))
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(f"`{path}` is damaged: it counts no trials.") from error


def add(storage: Storage, search: str, count: Count) -> None:
    """Store what holds from now on; durable when it returns.

    Raises:
        StorageError: If the store cannot be written.
    """
    data = records.encode(vars(count))
    while not storage.create(_path(search, _highest(storage, search) + 1), data):
        pass  # somebody else has taken the number


def _highest(storage: Storage, search: str) -> int:
    names = [path.rsplit("/", 1)[-1] for path in storage.list(f"drivers/{search}")]
    return max((int(m[1]) for n in names if (m := _NAME.fullmatch(n))), default=0)


def _path(search: str, number: int) -> str:
    return f"drivers/{search}/trials-{number:07d}.json"
