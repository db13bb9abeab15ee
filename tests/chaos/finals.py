"""One driver of the finals of a search, to be killed.

`python finals.py STORE ACKNOWLEDGED` runs the finals of the search `s`, of which
`driver.py` is the driver, and notes what is stored likewise.
"""

import sys

from driver import Often, note_acknowledged

from crossnets import rerun


def main() -> None:
    """Run the finals to their end."""
    store, acknowledged = sys.argv[1:]
    note_acknowledged(acknowledged)
    done = rerun("s", top=2, seeds=4, concurrency=2, store=store, runner=Often)
    assert done.finished


if __name__ == "__main__":
    main()
