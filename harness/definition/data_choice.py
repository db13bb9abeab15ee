"""Which data a search runs on: as asked for, and as its header notes it.

The header of a store that others made names a folder to put prepared data into. It
is followed only where prepared data lie already; else they go into the store itself.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from results import Header, StorageError, Store


FACTS = "*/facts.json"
"""What a folder of prepared data has."""


KINDS = {
    "side_px": int,
    "split": str | None,
    "cache": str,
    "unlabelled": str | None,
    "poses": str | None,
}
"""The settings that a header may have, and their types."""


NEEDED = {"side_px", "split", "cache"}
"""Those that every header has."""


@dataclass(frozen=True, kw_only=True)
class DataChoice:
    """Which data set a search runs on, and how it is cut."""

    spec: str
    """Such as `synthetic` or `poses:DIR`."""
    side_px: int
    """Side of the depth crops."""
    split: str | None
    """Name of the split, or None for the data's own default."""
    cache: str
    """Folder of the prepared data."""
    unlabelled: str | None = None
    """Frames without labels: `DIR[@CAMERA]`, or a share of the test split, `test:SHARE`."""
    poses: str | None = None
    """File of poses without images for the pose VAE."""


def of_header(store: Store, header: Header) -> DataChoice:
    """The data of a search, with a folder for them that may be written to.

    Args:
        store: The store that the header was read from.
        header: What the search was started with.

    Raises:
        StorageError: If the header describes no data.
    """
    settings = header.data_settings
    sound = (
        isinstance(settings, dict)
        and NEEDED <= settings.keys() <= KINDS.keys()
        and all(isinstance(value, KINDS[name]) for name, value in settings.items())
    )
    if not sound:
        raise StorageError(
            f"`searches/{header.name}.json` is damaged: it describes no data."
        )
    choice = DataChoice(spec=header.data, **settings)
    root, there = store.storage.root, Path(choice.cache).resolve()
    if root is None or there.is_relative_to(root.resolve()) or any(there.glob(FACTS)):
        return choice
    return replace(choice, cache=str(root.resolve() / "cache"))
