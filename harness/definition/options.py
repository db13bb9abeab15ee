"""The settings of a search, checked before anything is written.

One dataclass serves the command line, a configuration file and Python.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from cnets import field_help, presets, suggestions
from cnets.config import TrainConfig
from harness.definition import budget as budgets
from harness.definition.budget import Budget
from harness.definition.rungs import Rungs, first_rung
from search_spaces import toml_files


Device = Literal["cpu", "cuda"]
"""Where a run trains or a model runs."""

AnyDevice = Literal["auto", "cpu", "cuda"]
"""The same, or a GPU where there is one."""

Objective = Literal[
    "mean_joint_error_mm", "median_joint_error_mm", "worst_joint_error_mm"
]
"""What a search may minimise: errors on the validation split. A loss is none of them:
losses are weighed differently in every trial and cannot be compared."""

PAUSE_ETA, PAUSE_FACTOR, STOP_ETA = 4.0, 2.0, 3.0
"""What `--eta` and `--rung-factor` are where nothing is said."""

Scheduler = Literal["auto", "pause", "stop"]
"""What a rung does with a trial that is not ahead; auto is as the search was begun."""

Sampler = Literal["auto", "model", "tpe", "random"]
"""Who proposes; auto is the model, or TPE where trials are stopped."""

if TYPE_CHECKING:  # what Python may give
    Ratios = str | float | Sequence[float] | None
    Changes = Sequence[str] | Mapping[str, float | str | None]
else:  # what the command line reads, and what the fields hold afterwards
    Ratios, Changes = str | None, tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What a search does; the name and the store come beside it."""

    data: str = "synthetic"
    """synthetic[:FRAMES], poses:DIR, nyu:DIR, icvl:DIR, msra:DIR or folder:DIR."""
    split: str | None = None
    """Such as person or block; default: the data's own."""
    unlabelled: str | None = None
    """Frames without labels: DIR[@CAMERA] or test:SHARE."""
    poses: str | None = None
    """Poses for the VAE: .npy of [poses, joints, 3], mm."""
    skip_missing: bool = False
    """Leave out frames whose image or label is missing."""
    init: str | None = None
    """Where the joint stage starts: a model, published:DIR."""
    space: str = "joint"
    """loss_weights, joint, few_labels or a .toml."""
    ratios: Ratios = None
    """Labelled ratios; default: all of the space."""
    preset: str = "small"
    """paper, small, tiny; +recipe, +posterior_only, +gan, +smoothness."""
    set: Changes = ()
    """Changes to the preset; names: crossnets fields."""
    objective: Objective = "mean_joint_error_mm"
    """Minimised: mean_, median_ or worst_joint_error_mm, on the validation split."""
    trials: int = 16
    """Trials in all; more than before extends a search."""
    budget: str | None = None
    """Instead: 20 full trainings, 30gpuh or 2h."""
    scheduler: Scheduler = "auto"
    """pause at a rung, or stop there; auto: pause."""
    sampler: Sampler = "auto"
    """model, tpe or random; auto: model."""
    grace: int | None = None
    """Epoch of the first rung; default: 4 %."""
    eta: float | None = None
    """One in ETA goes on at each rung; default: 4."""
    rung_factor: float | None = None
    """Each rung is so many times the one before; default: 2."""
    concurrency: int | None = None
    """Most trials at once; default: one a core or GPU lane."""
    lanes: int | str | None = None
    """Trials trained in one stack; default: 1, on GPUs auto."""
    retries: int = 2
    """How often a crashed trial goes on."""
    hang_after: float = 300.0
    """End a worker that shows no update for so long."""
    keep: int = 3
    """Best trials of each ratio whose networks are kept."""
    share_stages: bool = True
    """Use pre-trainings that other trials have made."""
    seed: int = 0
    """Seed of everything that is drawn."""

    def __post_init__(self) -> None:
        """Refuse what can be refused without looking at data or store."""
        if self.ratios is not None:
            object.__setattr__(self, "ratios", ",".join(_texts(self.ratios)))
        object.__setattr__(self, "set", tuple(_texts(self.set)))
        if not self.trials >= 1:
            raise ValueError(f"`trials` must be 1 or more, got {self.trials}.")
        if self.budget is not None:
            budgets.parse(self.budget)
        if self.concurrency is not None and not self.concurrency >= 1:
            raise ValueError(
                f"`concurrency` must be 1 or more, got {self.concurrency}."
            )
        if self.lanes not in (None, "auto") and (
            isinstance(self.lanes, str) or not self.lanes >= 1
        ):
            raise ValueError(f"`lanes` must be 1 or more, or auto, got {self.lanes!r}.")
        if not self.retries >= 0:
            raise ValueError(f"`retries` must be 0 or more, got {self.retries}.")
        if not 0 < self.hang_after < math.inf:
            raise ValueError(
                f"`hang_after` must be above 0 and finite, got {self.hang_after}."
            )
        if not self.keep >= 0:
            raise ValueError(f"`keep` must be 0 or more, got {self.keep}.")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"`seed` must be in [0, 2**63), got {self.seed}.")
        for field in dataclasses.fields(self):
            if get_origin(field.type) is Literal:
                check_choice(field.name, getattr(self, field.name), field.type)
        if not self.waits and self.sampler not in ("auto", "tpe"):
            raise ValueError(
                f"`sampler` must be tpe where trials are stopped, got {self.sampler}."
            )
        if not self.waits and self.budget is not None:
            raise ValueError(
                f"`budget` needs trials that pause, got {self.budget!r} with "
                "--scheduler stop; --trials counts them."
            )

    def base(self) -> TrainConfig:
        """The configuration that proposals change.

        Raises:
            ValueError: If the preset or a field is unknown, or a value is wrong.
        """
        return presets.preset(self.preset).replace(assignments(self.set))

    @property
    def waits(self) -> bool:
        """Whether trials wait at rungs; else they are stopped there."""
        return self.scheduler != "stop"

    def rungs(self) -> Rungs:
        """Where trials are compared."""
        epochs = self.base().joint.epochs
        first = first_rung(epochs) if self.waits else math.ceil(epochs / 9)
        eta, factor = (PAUSE_ETA, PAUSE_FACTOR) if self.waits else (STOP_ETA, None)
        return Rungs(
            grace=first if self.grace is None else self.grace,
            eta=eta if self.eta is None else self.eta,
            max_step=epochs,
            factor=factor if self.rung_factor is None else self.rung_factor,
        )

    def limit(self) -> Budget | None:
        """What was asked for as a budget; None counts trials."""
        return None if self.budget is None else budgets.parse(self.budget)

    def wanted_ratios(self) -> tuple[float, ...] | None:
        """The ratios as numbers, or None for all of the space.

        Raises:
            ValueError: If one is no number in (0, 1].
        """
        if self.ratios is None:
            return None
        found = []
        for text in ",".join(_texts(self.ratios)).split(","):
            ratio = _number(text)
            if ratio is None or not 0 < ratio <= 1:
                raise ValueError(
                    f"`ratios` must be numbers in (0, 1], got {text.strip()!r}."
                )
            found.append(float(ratio))
        return tuple(found)


SearchOptions.__doc__ = "\n".join(
    [
        f"{SearchOptions.__doc__}\n",
        "In Python `ratios` may be numbers and `set` a dictionary, such as",
        '`ratios=[0.1, 1.0], set={"joint.epochs": 5}`.\n',
        "Fields:",
        *(f"    {n}: {text}" for n, text in field_help.strings(SearchOptions).items()),
    ]
)


def check_choice(name: str, value: object, choice: Any, where: str = "") -> None:
    """Refuse a value that is none of a `Literal`.

    Args:
        name: What the value is for.
        value: Any value.
        choice: The `Literal`.
        where: Stands behind the name, such as ` in FILE`.

    Raises:
        ValueError: If it is another one.
    """
    if value not in get_args(choice):
        known = ", ".join(map(str, get_args(choice)))
        raise ValueError(f"`{name}`{where} must be one of {known}, got {value!r}.")


def assignments(changes: Changes) -> dict[str, Any]:
    """Values by dotted name from texts such as `losses.kl=0.5`, or from a dictionary.

    What is no number is left as text: the field says what it may be.

    Raises:
        ValueError: If one is no assignment.
    """
    found: dict[str, Any] = {}
    for text in _texts(changes):
        name, _, value = (part.strip() for part in text.partition("="))
        if not name or not value:
            raise ValueError(f"`set` must be NAME=VALUE or NAME=none, got {text!r}.")
        number = _number(value)
        word = None if value.lower() == "none" else value
        found[name] = word if number is None else number
    return found


def from_toml(path: str, kind: type) -> dict[str, Any]:
    """Settings of a file: options by name, and a table `run` for `set`.

    Args:
        path: A TOML file, such as `trials = 32` and `[run]` `joint.epochs = 40`.
        kind: The dataclass whose fields the file may set.

    Raises:
        ValueError: If the file cannot be read, is no TOML or beyond a limit of
            `toml_files`, or sets an unknown option or one to a value of another
            type.
    """
    content = toml_files.read(path, "config")
    run = _flattened(content.pop("run", {}))
    if isinstance(content.get("ratios"), list):
        content["ratios"] = ",".join(str(ratio) for ratio in content["ratios"])
    known: dict[str, Any] = {f.name: f.type for f in dataclasses.fields(kind)}
    for name, value in content.items():
        if name not in known or name in ("name", "config", "set"):
            shown = [n for n in known if n not in ("name", "config", "set")]
            near = suggestions.nearest(name, [*shown, "[run]"])
            raise ValueError(f"`{name}` in {path} is no option{near}")
        wanted = known[name]
        if get_origin(wanted) is Annotated:
            wanted = get_args(wanted)[0]
        if get_origin(wanted) is Literal:
            check_choice(name, value, wanted, f" in {path}")
            continue
        is_whole = type(value) is int and abs(value) < 2**53  # exact as a float
        kinds = get_args(wanted) or (wanted,)
        is_real = float in kinds and int not in kinds
        content[name] = float(value) if is_real and is_whole else value
        if not isinstance(content[name], wanted) or (
            isinstance(value, bool) and bool not in kinds
        ):
            raise ValueError(
                f"`{name}` in {path} has a value of the wrong type: {value!r}."
            )
    if run:
        content["set"] = tuple(f"{name}={value}" for name, value in run.items())
    return content


def _flattened(tree: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(tree, Mapping):
        raise ValueError(f"`run` must be a table in the file, got {tree!r}.")
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= _flattened(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _texts(given: Any) -> list[str]:
    """Python values as the command line has them: `0.1`, or `losses.kl=0.5`."""
    if isinstance(given, Mapping):
        return [f"{n}={'none' if v is None else v}" for n, v in given.items()]
    if isinstance(given, Iterable) and not isinstance(given, str):
        return [str(value) for value in given]
    return [str(given)]


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
