"""When the segments of a driver are compacted, and in which process.

What a compaction does is in `compaction`, when a table is due in
`compaction_choice`.
"""

import subprocess
import sys
import threading
from contextlib import suppress

from results.format.storage import Storage
from results.writing import compaction


COMPACT_EVERY = 16
"""Segments written between two questions whether a compaction is due."""

APART_ROWS = 50_000
"""Sequence number from which segments are merged by a process of their own."""

_HARMLESS = (OSError, MemoryError, ValueError)
"""What a compaction may fail of: all rows are where they were.

A machine without memory for another process is one of these.
"""


class Compactor:
    """The compactions of one driver, one at a time; safe for threads."""

    def __init__(
        self,
        storage: Storage,
        search: str,
        driver_epoch: int,
    ) -> None:
        """Nothing is compacted yet.

        Args:
            storage: Where the search is.
            search: Its name.
            driver_epoch: The driver's.
        """
        self._storage, self._search, self._driver_epoch = storage, search, driver_epoch
        self._asked_at = -COMPACT_EVERY
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def compact_due(self, segments_written: int, next_seq: int) -> None:
        """Compact what is due; a failure is no trouble, and is tried again later.

        Args:
            segments_written: How many segments the driver has written so far.
            next_seq: The next sequence number.
        """
        if segments_written - self._asked_at >= COMPACT_EVERY:
            self._asked_at = segments_written
            with self._lock, suppress(*_HARMLESS):
                self._merge("due", next_seq)

    def compact_all(self, next_seq: int) -> None:
        """Compact every table; after a failure all rows are where they were.

        Args:
            next_seq: The next sequence number.
        """
        with self._lock, suppress(*_HARMLESS):
            self._merge("all", next_seq)

    def stop(self) -> None:
        """End the process that compacts, if there is one.

        Nothing is lost: the next compaction does what this one did not.
        """
        if self._process is not None:
            self._process.terminate()

    def _merge(self, which: str, next_seq: int) -> None:
        """Compact all tables or those that are due; of many rows apart from here.

        What Arrow and the allocator keep of a large merge would stay in a process
        that runs for weeks.
        """
        args = self._storage, self._search
        if self._storage.root is not None and next_seq >= APART_ROWS:
            words = self._storage.location, self._search, str(self._driver_epoch), which
            self._process = _started(*words)
            self._process.wait()
        elif which == "all":
            compaction.compact_all(*args, self._driver_epoch)
        else:
            compaction.compact_due(*args, self._driver_epoch)


def _started(
    location: str, search: str, driver_epoch: str, which: str
) -> subprocess.Popen[bytes]:
    """A process that compacts, out of reach of a terminal's Ctrl-C.

    Args:
        location: Where the store is.
        search: Name of the search.
        driver_epoch: The driver's.
        which: `due` or `all`.
    """
    module = "results.writing.compaction"
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, location, search, driver_epoch, which],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
