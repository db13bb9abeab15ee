"""`crossnets search`: run a search, then print its leaderboard."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import StoreFolder, search_options
from harness.commands.exit_codes import DONE, FAILED
from harness.definition.options import AnyDevice, SearchOptions
from harness.driver.display.screen import Screen


if TYPE_CHECKING:
    from harness.search import Search as Finished


@dataclass(frozen=True, kw_only=True)
class Search(SearchOptions):
    """Start, resume or extend a search: all three are the same command."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name of the search."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    address: str | None = None
    """Ray cluster to join, or auto; default: one of its own."""
    device: AnyDevice = "auto"
    """Where it runs; auto is a GPU if there is one."""
    takeover: bool = False
    """Go on though another process drives it, and end that."""
    accept_code: bool = False
    """Go on though other code has run trials of it."""
    config: str | None = None
    """TOML file with any option, [run] for --set; flags win."""


def run(options: Search, *, hint: bool = True) -> int:
    """Run the search to its end, or until it is interrupted.

    Args:
        options: The search.
        hint: Whether to say what to type next.
    """
    with Screen(options.name) as screen:
        screen.wait("loading PyTorch and Ray, about 6 s", in_pipe=False)
        from harness import search
        from harness.commands.printing import hints, leaderboard, messages

        done = search.search(
            options.name,
            search_options(options),
            store=options.store,
            address=options.address,
            device=options.device,
            takeover=options.takeover,
            accept_code=options.accept_code,
            progress=screen.preparing,
            screen=screen,
        )
    leaderboard.show(done.store, done.name)
    if not done.finished:
        raise KeyboardInterrupt
    if done.exhausted is not None:
        messages.note(
            f"{done.name} has ended: all {done.exhausted} configurations of the space "
            "have been tried at each ratio."
        )
    elif _is_set_lower(done, held := sum(done.states.values()), options.trials):
        messages.note(
            f"{done.name} has ended with {held} trials, as `crossnets trials` has set "
            f"it; `crossnets trials {done.name} N` and the same command go on."
        )
    if done.is_fruitless:
        counts = ", ".join(f"{count} {state}" for state, count in done.states.items())
        why = f'crossnets query --store {options.store} "SELECT trial, reason FROM trials"'
        messages.complain(f"No trial of {done.name} is sound ({counts}); ask: {why}")
    else:
        follows = ("rerun", done.name) if hint else ()
        hints.tell(f"{done.name}: {best(done)}", *follows, store=options.store)
    return FAILED if done.is_fruitless or done.too_many_crashed else DONE


def _is_set_lower(done: "Finished", held: int, asked: int) -> bool:
    """Whether a search whose trials are counted was told to begin fewer."""
    return held < asked and done.store.header(done.name).budget is None


def best(done: "Finished") -> str:
    """The best trial of each ratio, in words: the answer of the search."""
    from results import queries

    rows = queries.progress(done.store, done.name).best.to_pylist()
    if not rows:
        return "no trial has a finite error"
    parts = (
        f"at {row['labelled_ratio']:g}: {row['trial']} with {row['objective_mm']:.2f} mm"
        for row in rows
    )
    return f"best {', '.join(parts)}"
