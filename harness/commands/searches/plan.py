"""`crossnets plan`: print what a search would cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import (
    StoreFolder,
    TableOrJson,
    search_options,
)
from harness.commands.exit_codes import DONE
from harness.definition.options import AnyDevice, SearchOptions


@dataclass(frozen=True, kw_only=True)
class Plan(SearchOptions):
    """What a search would cost; takes its words and runs a short probe only."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name that the search would have."""
    store: StoreFolder = "runs"
    """Folder of the store, which also holds the prepared data."""
    device: AnyDevice = "auto"
    """Where it runs; auto is a GPU if there is one."""
    config: str | None = None
    """TOML file with any option, [run] for --set; flags win."""
    format: TableOrJson = "table"
    """How the answer is printed."""


def run(options: Plan) -> int:
    """Probe, count, and print."""
    from harness import plan
    from harness.commands.printing import bars, costs, hints, messages

    with bars.preparation() as progress:
        cost = plan.plan(
            options.name,
            search_options(options),
            cache=Path(options.store) / "cache",
            device=options.device,
            progress=progress,
        )
    messages.notes(cost.counted)
    messages.answer(costs.shown(cost, Path(options.store), options.format))
    first, *_ = costs.answer(cost)
    words = ("search", options.name, "...")
    hints.tell(
        f"{options.name}: {first}", *words, store=options.store, style=options.format
    )
    return DONE
