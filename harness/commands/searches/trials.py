"""`crossnets trials`: set how many trials a search has, also while it runs."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import StoreFolder
from harness.commands.exit_codes import DONE, FAILED


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Set how many trials a search has in all, also while it runs."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name of the search."""
    number: Positional[Annotated[int, arg(metavar="NUMBER")]]
    """Trials in all; those that were begun run to their ends."""
    store: StoreFolder = "runs"
    """Folder of the store."""


def run(options: Trials) -> int:
    """Ask the driver; where there is none, store the number for the next."""
    from harness.commands.printing import messages
    from harness.driver import asking
    from results import Store

    if not options.number >= 1:
        raise ValueError(f"`number` must be 1 or more, got {options.number}.")
    store = Store.open(options.store)
    try:
        said = asking.ask(
            store, options.name, {"kind": "trials", "trials": options.number}
        )
    except TimeoutError as error:
        messages.note(str(error))
        return FAILED
    if said is None:
        store.want(options.name, options.number)
        said = (
            f"Nobody drives {options.name} now; the same `search` command goes on "
            f"with {options.number} trials in all."
        )
    messages.answer(said)
    return DONE
