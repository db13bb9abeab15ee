"""What a search is: its options checked against space and data, and its header.

Nothing here touches a store or Ray. Two headers that agree in `DECISIVE` are
the same search.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cnets.config import TrainConfig
from cnets.data import mean_pose
from cnets.data.crops.cache import Progress
from cnets.data.hand_data import HandData
from cnets.data.opening import open_data, resolved, resolved_folder
from harness.definition import initial, provenance
from harness.definition.job import DataChoice
from harness.definition.options import SearchOptions
from harness.driver import sampler
from results import Header, check_name
from search_spaces import OneOf, Parameter, Real, Space, Value, Whole, registry


DECISIVE = ("space", "base_config", "data_fingerprint", "seed", "ratios", "rules")
"""Fields of a header that decide what a search finds."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A search that was checked and may start."""

    name: str
    options: SearchOptions
    space: Space
    ratios: tuple[float, ...]
    base: TrainConfig
    choice: DataChoice
    data: HandData
    init: dict[str, str] | None
    """Name and SHA-256 of the model that every trial starts from."""


def prepare(
    name: str, options: SearchOptions, cache: Path, progress: Progress | None = None
) -> Prepared:
    """Check a search and prepare its data; the store is not touched.

    Raises:
        ValueError: If anything in it is wrong.
    """
    check_name("name", name)
    base, _ = options.base(), options.rungs()
    space = space_of(options, base)
    wanted = options.wanted_ratios()
    if sampler.RATIO not in space.parameters:
        wanted = wanted or (base.labelled_ratio,)
    ratios = sampler.ratios_of(space, wanted)
    choice = DataChoice(
        spec=resolved(options.data),
        side_px=base.networks.side_px,
        split=options.split,
        cache=str(cache.resolve()),
        unlabelled=resolved_folder(options.unlabelled),
    )
    data = open_data(
        choice.spec,
        side_px=choice.side_px,
        split=choice.split,
        unlabelled_frames=choice.unlabelled,
        cache=cache,
        progress=progress,
    )
    base = base.replace({"networks.joints": data.joints})
    start = initial.facts(options.init, base)
    if start is not None and "latent_size" in space.parameters:
        raise ValueError(
            "`init` fixes latent_size, which the space varies; use --space "
            "loss_weights or a space without it."
        )
    return Prepared(
        name=name,
        options=options,
        space=space,
        ratios=ratios,
        base=base,
        choice=choice,
        data=data,
        init=start,
    )


def space_of(options: SearchOptions, base: TrainConfig) -> Space:
    """The space of a search, started where the base configuration is.

    A preset or `--set` that moves a searched field moves the start with it, as
    far as the space reaches.

    Raises:
        ValueError: If a parameter is no field of a run.
    """
    space = registry.space(options.space)
    known = base.flat()
    for name in space.unknown(known):
        fields = ", ".join(known)
        raise ValueError(
            f"`space` must vary fields of the run, got `{name}` in `{space.name}`; "
            f"known: {fields}."
        )
    paper = TrainConfig().flat()
    moved = {
        name: known[name]
        for name, parameter in space.parameters.items()
        if known[name] != paper[name] and parameter.holds(known[name])
    }
    for values in _corners(space):
        base.replace(values)
    return space.started_at(moved)


def header_of(prepared: Prepared) -> Header:
    """The header of a new search."""
    options, data = prepared.options, prepared.data
    configs = {r: prepared.base.replace({"labelled_ratio": r}) for r in prepared.ratios}
    baseline = {
        str(ratio): mean_pose.error_mm(
            data, config.replace({"label_seed": options.seed}), "validation"
        )
        for ratio, config in configs.items()
    }
    return Header(
        name=prepared.name,
        space=json.loads(prepared.space.to_json()),
        base_config=prepared.base.flat(),
        data=prepared.choice.spec,
        data_settings={
            "side_px": data.side_px,
            "split": options.split,
            "cache": prepared.choice.cache,
            "unlabelled": prepared.choice.unlabelled,
        },
        data_fingerprint=data.fingerprint,
        mean_pose_mm=baseline,
        code_version=provenance.code_version(),
        environment=provenance.environment(),
        seed=options.seed,
        ratios=prepared.ratios,
        parameters={n: _kind(p) for n, p in prepared.space.parameters.items()},
        rules=_rules(options) | ({"init": prepared.init} if prepared.init else {}),
        trials=options.trials,
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def difference(there: Header, wanted: Header) -> str | None:
    """The first thing that makes two searches two; None if they are one.

    The number of trials, the code's version and the machine may differ.
    """
    for field in DECISIVE:
        old, new = _plain(there, field), _plain(wanted, field)
        if old != new:
            return f"{field.replace('_', ' ')} ({_first(old, new)})"
    return None


def _rules(options: SearchOptions) -> dict[str, Any]:
    """What decides when a trial stops, and its last bits, for the header."""
    rungs, lanes = options.rungs(), options.lanes
    several = isinstance(lanes, int) and lanes > 1
    return {
        "objective": options.objective,
        "grace": rungs.grace,
        "eta": rungs.eta,
        "max_step": rungs.max_step,
    } | ({"lanes": lanes} if several else {})  # they decide how sums are rounded


def _corners(space: Space) -> Iterator[dict[str, Value]]:
    """Every parameter at each of its ends, one at a time."""
    for name, parameter in space.parameters.items():
        if isinstance(parameter, Real | Whole):
            yield {name: parameter.low}
            yield {name: parameter.high}
        else:
            yield from ({name: value} for value in parameter.values)


def _kind(parameter: Parameter) -> str:
    """The store's name for the type of a parameter."""
    if isinstance(parameter, Whole):
        return "int"
    whole = isinstance(parameter, OneOf) and all(
        isinstance(value, int) for value in parameter.values
    )
    return "int" if whole else "float"


def _plain(header: Header, field: str) -> Any:
    """A field as plain JSON, so that lists equal tuples.

    A configuration that was stored before a field existed has its default.
    """
    value = getattr(header, field)
    if field == "base_config":
        value = TrainConfig().replace(value).flat()
    return json.loads(json.dumps(value))


def _first(old: Any, new: Any) -> str:
    """The first thing that differs, for an error."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *new]:
            if old.get(name) != new.get(name):
                inner = _first(old.get(name), new.get(name))
                return f"{name}: {inner}"
    return f"{old} there, {new} now"
