"""`crossnets demo`: a search and its finals on synthetic hands, then what to ask."""

import importlib
from dataclasses import dataclass

from harness.commands.arguments import StoreFolder
from harness.commands.printing import messages
from harness.commands.searches import rerun, search
from harness.commands.searches.rerun import Rerun
from harness.commands.searches.search import Search


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A search, its best, its finals and its answer, on synthetic hands."""

    store: StoreFolder = "runs"
    """Folder of the store."""


def run(options: Demo) -> int:
    """Run both; the worse of their exit codes."""
    importlib.import_module("harness.search")  # what is not installed, before step one
    messages.note(
        "1/3  Search: loss weights, augmentation and which frames to label, at three ratios."
    )
    searched = search.run(
        Search(
            name="demo",
            store=options.store,
            data="synthetic:1500",
            space="few_labels",
            preset="tiny",
            ratios="0.05,0.25,1.0",
            trials=12,
        ),
        hint=False,
    )
    messages.note(
        "2/3  Finals: the best of each ratio again, beside the setting of the start and "
        "the supervised baseline, over three fresh seeds, then tested."
    )
    repeated = rerun.run(Rerun(name="demo", store=options.store, seeds=3))
    place = "" if options.store == "runs" else f" --store {options.store}"
    messages.note(
        "3/3  Ask on:\n"
        f"  crossnets best demo{place} --top 3\n"
        f"  crossnets query{place} "
        "\"SELECT trial, state, reason FROM trials WHERE search = 'demo'\"\n"
        f"  tensorboard --logdir {options.store}/tensorboard"
    )
    return max(searched, repeated)
