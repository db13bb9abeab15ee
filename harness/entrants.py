"""Who takes part in the finals of a search: its best trials, and what they must beat."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from cnets import presets
from cnets.config import TrainConfig
from harness.definition import spaces
from harness.definition.entrant import START, SUPERVISED, Entrant
from results import Header, Store, queries


def of(store: Store, header: Header, top: int) -> list[Entrant]:
    """The entrants of a search, by ratio: the best, `start` and `supervised`.

    A setting takes part once at a ratio: the start, where it is itself among the best,
    goes by the name of `start`, and the better of two trials that are alike by its own.

    Args:
        store: The store.
        header: The search's.
        top: Trials of each labelled ratio.

    Raises:
        ValueError: If the search has no trial with a finite result.
    """
    trials = queries.read(store, "trials", header.name)
    best = queries.best(trials, top=top).to_pylist()
    if not best:
        raise ValueError(
            f"`name` must be a search with a finite result, got `{header.name}`, "
            "which has none yet."
        )
    rows = {row["labelled_ratio"]: [] for row in best}
    for row in best:
        rows[row["labelled_ratio"]].append(row)
    first = {
        row["labelled_ratio"]: row
        for row in sorted(trials.to_pylist(), key=lambda row: -row["number"])
        if row["origin"] == "start"  # the first of them, where there are several
    }
    entrants: list[Entrant] = []
    for ratio, among in rows.items():
        start = _start(header, ratio, first.get(ratio))
        supervised = dataclasses.replace(
            start,
            name=SUPERVISED,
            config=presets.ablated(start.config, "posterior_only"),
            trial=None,
            search_mm=None,
        )
        settings = [start.config]
        for trial in map(_of_trial, among):
            if trial.config not in settings:
                settings.append(trial.config)
                entrants.append(trial)
        entrants.append(start)
        if supervised.config not in settings:
            entrants.append(supervised)
    return entrants


def start_is_paper(header: Header) -> bool:
    """Whether the start has the loss weights and the latent size of the paper."""
    paper = TrainConfig().flat()
    values = header.base_config | header.space["start"]
    names = [n for n in paper if n.startswith("losses.") or n == "latent_size"]
    return all(values.get(name, paper[name]) == paper[name] for name in names)


def _start(header: Header, ratio: float, row: Mapping[str, Any] | None) -> Entrant:
    """The start of a search at a ratio, with the trial that ran it."""
    if row is not None:
        found = _of_trial(row)
        return dataclasses.replace(found, name=START)
    base = TrainConfig.from_stored(header.base_config)
    values = {n: v for n, v in header.space["start"].items() if n != spaces.RATIO}
    config = _unseeded(base.replace(values | {spaces.RATIO: ratio}))
    return Entrant(name=START, ratio=ratio, config=config)


def _of_trial(row: Mapping[str, Any]) -> Entrant:
    config = _unseeded(TrainConfig.from_stored(json.loads(row["config_json"])))
    as_long = row["epoch"] == config.joint.epochs and row["state"] == "completed"
    return Entrant(
        name=row["trial"],
        ratio=row["labelled_ratio"],
        config=config,
        trial=row["trial"],
        search_mm=row["objective_mm"] if as_long else None,
    )


def _unseeded(config: TrainConfig) -> TrainConfig:
    return config.replace({"seed": 0, "label_seed": 0})
