"""The command line's verbs and their options, declared once.

The string below a field is its `--help`. Importing this file loads neither Ray
nor torch; `cli.py` says what each verb does.
"""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from harness.definition.options import SearchOptions


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
class Plan(SearchOptions):
    """What a search would cost; takes its words and runs a short probe only."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name that the search would have."""
    store: Store = "runs"
    """Folder of the store, which also holds the prepared data."""
    device: str = "auto"
    """cpu, cuda, or auto for a GPU where there is one."""
    config: str | None = None
    """TOML file with any of these options, and [run] for --set; flags win."""
    format: str = "table"
    """table or json."""


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
    """synthetic[:FRAMES], poses:DIR, nyu:DIR, icvl:DIR or msra:DIR."""
    split: str | None = None
    """How frames are split, such as person or block; default: the data's own."""
    unlabelled: Annotated[str | None, arg(metavar="DIR[@CAMERA]")] = None
    """Folder of 16-bit PNG frames without labels, for the GAN."""
    init: Annotated[str | None, arg(metavar="MODEL")] = None
    """Model to start the joint stage from: published:DIR, a run or an export."""
    preset: str = "small"
    """paper, small or tiny; +posterior_only, +gan or +smoothness ablates it."""
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
class Evaluate:
    """The metrics of the papers: of a predictions file, or of a model."""

    predictions: Positional[Annotated[str | None, arg(metavar="PREDICTIONS")]] = None
    """Text file, a line a frame: u v d of every evaluated joint; may be gzipped."""
    data: str
    """Labels: nyu:DIR, icvl:DIR or msra:DIR; with --model any data set."""
    vae: Annotated[str | None, arg(metavar="MODEL")] = None
    """Encode and decode the labels with this model's VAE instead."""
    model: Annotated[str | None, arg(metavar="MODEL")] = None
    """Predict from the frames with this model: DIR or published:DIR."""
    part: str = "test"
    """With --model, the frames: train, validation, test or all."""
    split: str | None = None
    """With --model, how frames are split; default: the data's own."""
    unit: str = "uvd"
    """What PREDICTIONS holds: uvd (pixels and mm) or xyz (mm, y up)."""
    half_millimetre: bool = False
    """Add 0.5 mm to every threshold, as the authors' code does."""
    plot: Annotated[str | None, arg(metavar="PNG")] = None
    """Picture of the share of frames over the threshold."""
    store: Store = "runs"
    """Folder of the store, which also holds the prepared data."""
    device: str = "cpu"
    """cpu or cuda."""
    format: str = "table"
    """table, json or csv."""


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Joints from depth frames: PNG or _depth.bin files, or folders of them."""

    frames: Positional[Annotated[tuple[str, ...], arg(metavar="FRAMES")]]
    """Files or folders."""
    model: Annotated[str, arg(metavar="MODEL")]
    """Folder of a model, or published:DIR with the authors' weights."""
    camera: str
    """nyu, icvl, msra, sr300, kinect2, or FX,FY,CX,CY in pixels."""
    center: Annotated[str | None, arg(metavar="U,V,D")] = None
    """Centre of the hand, pixels and mm; default: found in the frame."""
    mirror: bool = False
    """The hands are left ones (or mirrored), the model knows right ones."""
    view: Annotated[str | None, arg(metavar="PNG")] = None
    """Picture of the frames with their joints."""
    device: str = "cpu"
    """cpu or cuda."""
    format: str = "table"
    """table, json or csv."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """A model for others: safetensors, ONNX and a model card with its numbers."""

    model: Positional[Annotated[str, arg(metavar="MODEL")]]
    """NAME/TRIAL of a search, folder of a run, or published:DIR."""
    out: Annotated[str, arg(metavar="DIR")]
    """Folder to write; must not exist yet."""
    data: str | None = None
    """Data set to measure on; default: what the model was trained on, if known."""
    split: str | None = None
    """How frames are split; default: the data's own."""
    store: Store = "runs"
    """Folder of the store."""
    device: str = "cpu"
    """cpu or cuda."""
    format: str = "table"
    """table or json."""


@dataclass(frozen=True, kw_only=True)
class DataPrepare:
    """Make the crops of a data set now; an interrupted call goes on."""

    data: Positional[Annotated[str, arg(metavar="DATA")]]
    """Data set, such as nyu:DIR."""
    side: int = 128
    """Side of a crop: 32, 64 or 128 pixels."""
    unlabelled: Annotated[str | None, arg(metavar="DIR[@CAMERA]")] = None
    """Folder of 16-bit PNG frames without labels, to be prepared too."""
    workers: int | None = None
    """Processes that read frames; default: one a core."""
    store: Store = "runs"
    """Folder of the store, which also holds the prepared data."""
    format: str = "table"
    """table or json."""


@dataclass(frozen=True, kw_only=True)
class DataShow:
    """A picture of what was read: crops with their joints."""

    data: Positional[Annotated[str, arg(metavar="DATA")]] = "synthetic"
    """synthetic[:FRAMES], poses:DIR, nyu:DIR, icvl:DIR or msra:DIR."""
    split: str | None = None
    """How frames are split, such as person or block; default: the data's own."""
    side: int = 128
    """Side of a crop: 32, 64 or 128 pixels."""
    frames: int = 16
    """Frames in the picture, spread over the whole set."""
    out: Annotated[str, arg(metavar="PNG")] = "hands.png"
    """The picture to write."""
    store: Store = "runs"
    """Folder of the store, which also holds the prepared data."""


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Check that every file of a store is as it was written."""

    name: Positional[Annotated[str | None, arg(metavar="NAME")]] = None
    """Only the files of this search; default: the whole store."""
    store: Store = "runs"
    """Folder of the store."""
    format: str = "table"
    """table or json."""


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Check machine, store and data, and say what to mend."""

    data: str = "synthetic"
    """synthetic[:FRAMES], poses:DIR, nyu:DIR, icvl:DIR or msra:DIR."""
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
    "plan": Plan,
    "status": Status,
    "best": Best,
    "query": Query,
    "rerun": Rerun,
    "train": Train,
    "evaluate": Evaluate,
    "predict": Predict,
    "export": Export,
    "data prepare": DataPrepare,
    "data show": DataShow,
    "verify": Verify,
    "doctor": Doctor,
}
"""Every verb by name, in the order of `--help`."""
