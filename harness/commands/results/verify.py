"""`crossnets verify`: check a store, and print what is damaged.

The checks are `results.checking.verify`; neither Ray nor torch is loaded.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import StoreFolder, TableOrJson
from harness.commands.exit_codes import DONE, STORAGE


if TYPE_CHECKING:
    from results import Store


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Check that every file of a store is as it was written."""

    name: Positional[Annotated[str | None, arg(metavar="NAME")]] = None
    """Only the files of this search; default: the whole store."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    format: TableOrJson = "table"
    """How the answer is printed."""


def run(options: Verify) -> int:
    """Check a store; the exit code says whether it is sound."""
    from harness.commands.printing import damage
    from results.checking import verify

    storage = _opened(options.store).storage
    with damage.CheckBar(total=verify.files(storage, options.name)) as bar:
        findings = list(verify.verify(storage, options.name, bar.seen))
    damage.show(bar.checked(), findings, options.format)
    return STORAGE if findings else DONE


def _opened(location: str) -> "Store":
    """The store, also where its own record is damaged: that is one of the findings."""
    from results import StorageError, Store
    from results.format.storage import Storage

    try:
        return Store.open(location)
    except StorageError:
        if "://" in location or not Path(location).is_dir():
            raise
        return Store(Storage(location, create=False))
