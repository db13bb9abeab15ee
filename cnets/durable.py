"""Files and names that are on the disk before anything goes on.

A file alone is not enough: the folder's new entry has to be synced too.
"""

import os
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write a file, and wait until the disk has it.

    Raises:
        OSError: If it cannot be written.
    """
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        OSError: If it cannot be opened or synced.
    """
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)
