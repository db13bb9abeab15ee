"""What a person is told while the last driver of a search is waited for."""

import sys

from results import Store
from results.writing.drivers import STALE_S


def announce(store: Store, search: str) -> None:
    """Say on standard error that, and for whom, opening a writer may wait.

    A driver on another host, or before a restart of this one, that did not end in
    order may still be alive: its heartbeat is watched before another one may write.

    Args:
        store: The store of the search.
        search: Its name.
    """
    last = store.driver(search)
    if last is None or last.last_beat_utc is None:
        return
    told = (
        f"{search}: process {last.pid} on {last.host} did not end it in order; waiting "
        f"up to {STALE_S:.0f} s for a sign of it (--takeover does not wait)."
    )
    print(told, file=sys.stderr)  # noqa: T201
