"""`crossnets best`: print the best trials of a search."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import Format, StoreFolder
from harness.commands.exit_codes import DONE


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best trials, at each labelled ratio."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name of the search."""
    per: str = "labelled_ratio"
    """Column whose values are ranked apart; `none` ranks all together."""
    top: int = 1
    """Trials of each."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    format: Format = "table"
    """How the answer is printed."""
    wide: bool = False
    """Show every column; in a pipe, do not fold lines."""


def run(options: Best) -> int:
    """Print the leaderboard."""
    from harness.commands.printing import leaderboard
    from results import Store

    per = None if options.per.lower() == "none" else options.per
    store = Store.open(options.store)
    leaderboard.show(
        store, options.name, per, options.top, options.format, wide=options.wide
    )
    return DONE
