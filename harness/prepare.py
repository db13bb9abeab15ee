"""What a search is: its options checked against space and data, and its header.

Nothing here touches a store or Ray. Two headers that agree in `DECISIVE` are
the same search.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cnets.config import TrainConfig
from cnets.data import counts, mean_pose
from cnets.data.crops.cache import Progress
from cnets.data.hand_data import HandData
from cnets.data.opening import (
    SKIP,
    open_data,
    resolved,
    resolved_folder,
    with_wish,
)
from harness.definition import spaces
from harness.definition.data_choice import DataChoice
from harness.definition.identity import provenance, search_identity
from harness.definition.options import SearchOptions
from harness.worker import initial_model
from results import Header, check_name
from search_spaces import OneOf, Space


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
    counted: tuple[str, ...]
    """What the data has, in lines to be said before anything is trained."""


def prepare(
    name: str, options: SearchOptions, cache: Path, progress: Progress | None = None
) -> Prepared:
    """Check a search and prepare its data; the store is not touched.

    Raises:
        ValueError: If anything in it is wrong.
    """
    check_name("name", name)
    base, _ = options.base(), options.rungs()
    space = spaces.space_of(options, base)
    wanted = options.wanted_ratios()
    if spaces.RATIO not in space.parameters:
        wanted = wanted or (base.labelled_ratio,)
    ratios = spaces.ratios_of(space, wanted)
    choice = DataChoice(
        spec=resolved(with_wish(options.data, SKIP, options.skip_missing)),
        side_px=base.networks.side_px,
        split=options.split,
        cache=str(cache.resolve()),
        unlabelled=resolved_folder(options.unlabelled),
        poses=None if options.poses is None else str(Path(options.poses).resolve()),
    )
    data = open_data(
        choice.spec,
        side_px=choice.side_px,
        split=choice.split,
        unlabelled=choice.unlabelled,
        poses_file=choice.poses,
        cache=cache,
        progress=progress,
    )
    if _covers(space, base):  # a worker that made its crops would be silent for long
        data.labelled(ratios[0], options.seed, "coverage")
    base = base.replace({"networks.joints": data.joints})
    start = initial_model.facts(options.init, base)
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
        counted=counts.check(data, ratios=ratios),
    )


def _covers(space: Space, base: TrainConfig) -> bool:
    """Whether a trial may choose labels by what crops without labels show."""
    parameter = space.parameters.get("labels.choice")
    words = parameter.values if isinstance(parameter, OneOf) else ()
    return "coverage" in (words or (base.labels.choice,))


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
        }
        | ({"poses": prepared.choice.poses} if prepared.choice.poses else {}),
        data_fingerprint=data.fingerprint,
        mean_pose_mm=baseline,
        code_version=provenance.code_version(),
        environment=provenance.environment(),
        seed=options.seed,
        ratios=prepared.ratios,
        parameters={n: spaces.kind(p) for n, p in prepared.space.parameters.items()},
        rules=search_identity.rules(options)
        | ({"init": prepared.init} if prepared.init else {}),
        trials=options.trials,
        budget=options.budget,
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )
