"""`crossnets rerun`: run the finals of a search, then say what they show."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import Format, StoreFolder
from harness.commands.exit_codes import DONE, FAILED
from harness.definition.options import AnyDevice
from harness.driver.display.screen import Screen


@dataclass(frozen=True, kw_only=True)
class Rerun:
    """Train the best trials again beside the start, and test them."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name of the search."""
    top: int = 1
    """Trials of each labelled ratio."""
    seeds: int = 5
    """Fresh seeds of each entrant; the same for all."""
    again: bool = False
    """Read the test split where it was read before."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    address: str | None = None
    """Ray cluster to run on: auto, or HOST:PORT; default: one of its own."""
    device: AnyDevice = "auto"
    """Where it runs; auto takes a GPU where there is one."""
    concurrency: int | None = None
    """Most runs at once; default: one a core, or as many as GPUs have lanes."""
    lanes: int | str | None = None
    """Runs that one bank trains side by side, or auto; default: 1, on a GPU auto."""
    retries: int = 2
    """How often a run that crashes goes on from its checkpoint."""
    takeover: bool = False
    """Go on though another process drives the search."""
    accept_code: bool = False
    """Go on though other code has run finals of it; rows say which."""
    format: Format = "table"
    """How the answer is printed."""
    wide: bool = False
    """Show every column; in a pipe, do not fold lines."""


MAIN = (
    "labelled_ratio",
    "entrant",
    "seeds",
    "test_mean_mm",
    "low_95_mm",
    "high_95_mm",
    "mean_pose_mm",
    "vae_floor_mm",
)
"""Columns for people."""


def run(options: Rerun) -> int:
    """Run the finals to their end, or until they are interrupted."""
    with Screen(f"{options.name}, finals") as screen:
        screen.wait("loading PyTorch and Ray, about 6 s", in_pipe=False)
        from harness import finals
        from harness.commands.printing import messages, tables

        done = finals.rerun(
            options.name,
            top=options.top,
            seeds=options.seeds,
            again=options.again,
            store=options.store,
            address=options.address,
            concurrency=options.concurrency,
            lanes=options.lanes,
            retries=options.retries,
            device=options.device,
            takeover=options.takeover,
            accept_code=options.accept_code,
            screen=screen,
        )
    title = f"{options.name}: test error of the finals, mean and 95 % interval"
    shown = tables.show(done.table, options.format, title, main=MAIN, wide=options.wide)
    messages.answer(shown)
    for sentence in done.verdict:
        messages.note(sentence)
    if not (done.finished or done.untested):
        raise KeyboardInterrupt
    return FAILED if done.crashed or done.untested else DONE
