"""The command line's verbs and their options, declared once.

The string below a field is its `--help`. Importing this file loads neither Ray
nor torch; `cli.py` says what each verb does.
"""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from harness.options import SearchOptions


Store = Annotated[str, arg(metavar="DIR")]


@dataclass(frozen=True, kw_only=True)
class Search(SearchOptions):
    """Start, resume or extend a search: all three are the same command."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name of the search."""
    store: Store = "runs"
    """Folder of the store."""
    address: str | None = None
    """Ray cluster to run on: auto, or HOST:PORT; default: one of its own."""
    device: str = "auto"
    """cpu, cuda, or auto for a GPU where there is one."""
    takeover: bool = False
    """Go on though another process drives the search; that one is shut out."""
    config: str | None = None
    """TOML file with any of these options, and [run] for --set; flags win."""


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best trials, at each labelled ratio."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name of the search."""
    per: str = "labelled_ratio"
    """Column whose values are ranked apart; `none` ranks all together."""
    top: int = 1
    """Trials of each."""
    store: Store = "runs"
    """Folder of the store."""
    format: str = "table"
    """table, json or csv."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """SQL over the tables trials, reports, decisions and finals."""

    sql: Positional[Annotated[str, arg(metavar="SQL")]]
    """One SELECT statement in DuckDB's dialect."""
    store: Store = "runs"
    """Folder of the store."""
    format: str = "table"
    """table, json or csv."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far a search is, wherever it runs; without a name, all searches."""

    name: Positional[Annotated[str | None, arg(metavar="NAME")]] = None
    """Name of the search."""
    store: Store = "runs"
    """Folder of the store."""
    format: str = "table"
    """table, json or csv."""


@dataclass(frozen=True, kw_only=True)
class Rerun:
    """Train the best trials again over fresh seeds, and test them."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name of the search."""
    top: int = 1
    """Trials of each labelled ratio."""
    seeds: int = 3
    """Fresh seeds of each trial; the same for all."""
    store: Store = "runs"
    """Folder of the store."""
    address: str | None = None
    """Ray cluster to run on: auto, or HOST:PORT; default: one of its own."""
    device: str = "auto"
    """cpu, cuda, or auto for a GPU where there is one."""
    concurrency: int | None = None
    """Most runs at once; default: one a core, or one a GPU."""
    retries: int = 2
    """How often a run that crashes goes on from its checkpoint."""
    takeover: bool = False
    """Go on though another process drives the search."""
    format: str = "table"
    """table, json or csv."""


@dataclass(frozen=True, kw_only=True)
class Train:
    """One run in this process, without Ray: a preset, or a trial again."""

    source: Annotated[str | None, arg(name="from", metavar="NAME/TRIAL")] = None
    """Trial of a search to repeat, up to the step that it reached."""
    data: str = "synthetic"
    """synthetic[:FRAMES] or poses:DIR."""
    split: str | None = None
    """How frames are split: person or block; default: the data's own."""
    preset: str = "small"
    """paper, small or tiny."""
    set: tuple[str, ...] = ()
    """Fields of the run that differ from the preset, such as losses.kl=0.5."""
    out: Annotated[str | None, arg(metavar="DIR")] = None
    """Folder for checkpoints, from which the same command goes on."""
    store: Store = "runs"
    """Folder of the store."""
    device: str = "cpu"
    """cpu or cuda."""
    format: str = "table"
    """table or json."""


@dataclass(frozen=True, kw_only=True)
class DataShow:
    """A picture of what was read: crops with their joints."""

    data: Positional[Annotated[str, arg(metavar="DATA")]] = "synthetic"
    """synthetic[:FRAMES] or poses:DIR."""
    split: str | None = None
    """How frames are split: person or block; default: the data's own."""
    side: int = 128
    """Side of a crop: 32, 64 or 128 pixels."""
    frames: int = 16
    """Frames in the picture, spread over the whole set."""
    out: Annotated[str, arg(metavar="PNG")] = "hands.png"
    """The picture to write."""
    store: Store = "runs"
    """Folder of the store, which also holds the prepared data."""


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Check machine, store and data, and say what to mend."""

    data: str = "synthetic"
    """synthetic[:FRAMES] or poses:DIR."""
    store: Store = "runs"
    """Folder of the store."""
    address: str | None = None
    """Ray cluster to look at: auto, or HOST:PORT; default: none."""
    format: str = "table"
    """table, json or csv."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A search, its best, its finals and its answer, on synthetic hands."""

    store: Store = "runs/demo"
    """Folder of the store."""


VERBS: dict[str, type] = {
    "demo": Demo,
    "search": Search,
    "status": Status,
    "best": Best,
    "query": Query,
    "rerun": Rerun,
    "train": Train,
    "data show": DataShow,
    "doctor": Doctor,
}
"""Every verb by name, in the order of `--help`."""
