"""`crossnets stop`: end a search that runs, or one of its trials, from anywhere."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import StoreFolder
from harness.commands.exit_codes import DONE, FAILED


@dataclass(frozen=True, kw_only=True)
class Stop:
    """End a search that runs, so that it can go on, or one of its trials for good."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name of the search."""
    trial: Positional[Annotated[str | None, arg(metavar="TRIAL")]] = None
    """One trial, such as t-00007: it ends as cancelled; default: the search."""
    store: StoreFolder = "runs"
    """Folder of the store."""


def run(options: Stop) -> int:
    """Ask the driver, and wait for its answer."""
    from harness.commands.printing import messages
    from harness.driver import asking
    from results import Store

    store = Store.open(options.store)
    wish = {"kind": "stop"}
    if options.trial is not None:
        wish = {"kind": "cancel", "trial": options.trial}
    try:
        said = asking.ask(store, options.name, wish)
    except TimeoutError as error:
        messages.note(str(error))
        return FAILED
    if said is None:
        raise ValueError(
            f"`name` must be a search that runs, and nobody drives {options.name} now."
        )
    messages.answer(said)
    return DONE
