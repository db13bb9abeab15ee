"""What every update of an epoch is fed: rows of the data, and noise.

A lane's draws are a function of its seed, the stage and the epoch, and of
nothing else: not of its neighbours, not of what came before, and the order of
the data not of the latent size. So a restored lane draws what it would have
drawn, and two configurations of one seed see the same frames.

An epoch is drawn at once and moved to the device once; an update then takes its
part without the host waiting for the device.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from cnets import geometry
from cnets.config import TrainConfig
from cnets.data import HandData


STAGES = ("vae", "gan", "warm_up", "joint")
"""The stages in order; warm-up and joint share one configuration."""

IMAGES = {"measured": "rows", "unlabelled": "others"}
"""The inputs that are crops, and under which name their rows are drawn."""

ROWS_AT_ONCE = 1024
"""Crops that are moved to the device at once."""

RESIDENT_SHARE = 0.5
"""Most of the device's free memory that the crops may take."""


class Frames:
    """A data set as the networks see it: poses in units, crops on demand."""

    def __init__(
        self,
        data: HandData,
        device: torch.device,
        dtype: torch.dtype,
        *,
        resident: bool | None = None,
    ) -> None:
        """Compute poses and origins once.

        Args:
            data: The data set.
            device: Where batches are wanted.
            dtype: Kind of number that they are wanted in.
            resident: Whether all crops are kept on the device, as they are on
                disk; None keeps them on a GPU whose free memory they fill to
                `RESIDENT_SHARE` at most.
        """
        self.data = data
        self.device, self.dtype = device, dtype
        joints_mm = torch.tensor(data.joints_mm)
        self.centres_mm = torch.tensor(data.centres_mm)
        units = geometry.to_units(joints_mm, self.centres_mm)
        pose, origin = geometry.split_origin(units, data.root)
        self.pose = pose.to(device, dtype)
        self.origin = origin.to(device, dtype)
        self._labelled: dict[tuple[float, int], np.ndarray] = {}
        self.resident = _fits(data, device) if resident is None else resident
        self._kept = _all_crops(data, device) if self.resident else None

    def labelled(self, config: TrainConfig) -> np.ndarray:
        """Rows whose labels a configuration may use, ascending."""
        choice = (config.labelled_ratio, config.label_seed)
        if choice not in self._labelled:
            self._labelled[choice] = self.data.labelled(*choice)
        return self._labelled[choice]

    def depth(self, rows: np.ndarray | Tensor) -> Tensor:
        """Crops of the given rows, [*rows, 1, side, side]."""
        if self._kept is not None:
            index = torch.as_tensor(rows, device=self.device)
            return self._kept[index].to(self.dtype).unsqueeze(-3)
        index = rows.cpu().numpy() if isinstance(rows, Tensor) else rows
        crops = torch.from_numpy(self._crops(index))
        return crops.to(self.device, self.dtype).unsqueeze(-3)

    def _crops(self, rows: np.ndarray) -> np.ndarray:
        labelled = len(self.data.crops)
        if not len(self.data.unlabelled) or rows.max(initial=0) < labelled:
            return np.take(self.data.crops, rows, axis=0)
        found = np.take(self.data.crops, np.minimum(rows, labelled - 1), axis=0)
        beyond = rows >= labelled
        found[beyond] = self.data.unlabelled[rows[beyond] - labelled]
        return found


def generator(seed: int, *purpose: int) -> torch.Generator:
    """A source of random numbers for one purpose of one seed."""
    state = np.random.SeedSequence([seed, *purpose]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]) & (2**63 - 1))


def steps_an_epoch(config: TrainConfig, stage: str, data: HandData) -> int:
    """Updates in an epoch: as set, or the whole train split once.

    The labelled ratio does not enter: few labels must not starve training.
    """
    settings = stage_settings(config, stage)
    whole = len(data.rows("train")) // settings.batch_size
    return settings.steps or max(1, whole)


def stage_settings(config: TrainConfig, stage: str):  # noqa: ANN201 - a union of three
    """The part of the configuration that rules a stage."""
    return {"vae": config.vae, "gan": config.gan}.get(stage, config.joint)


def draws(
    frames: Frames, config: TrainConfig, stage: str, number: int
) -> dict[str, Tensor]:
    """Everything that one lane draws in an epoch, on the host.

    Args:
        frames: The data.
        config: The lane's configuration.
        stage: One of `STAGES`.
        number: Epochs of the stage that came before.

    Returns:
        By name, [updates, ...]: `rows` and `others` are frames, the rest noise.
    """
    purpose = (STAGES.index(stage), number)
    order = generator(config.seed, *purpose, 0)
    noise = generator(config.seed, *purpose, 1)
    draw = {"vae": _vae, "gan": _gan}.get(stage, _joint)
    steps = steps_an_epoch(config, stage, frames.data)
    every = list(draw(frames, config, steps, order, noise))
    return {name: torch.stack([one[name] for one in every]) for name in every[0]}


def to_device(frames: Frames, drawn: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Draws where the networks are, in their kind of number.

    Rows stay on the host as long as the crops do.
    """
    found = {}
    for name, value in drawn.items():
        kind = frames.dtype if value.is_floating_point() else value.dtype
        found[name] = value.to(frames.device, kind)
        if name in IMAGES.values() and not frames.resident:
            found[name] = value
    return found


def inputs(
    frames: Frames, stage: str, drawn: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """What one update sees, with any axes in front.

    Args:
        frames: The data.
        stage: One of `STAGES`.
        drawn: One update's part of what `to_device` gives.
    """
    rows = drawn["rows"]
    found = {n: v for n, v in drawn.items() if n not in IMAGES.values()}
    if stage != "gan":
        found["pose"] = frames.pose[rows]
    if stage not in ("vae", "gan"):
        found["origin"] = frames.origin[rows]
    if stage != "vae":
        images = {n: drawn[r] for n, r in IMAGES.items() if r in drawn}
        found |= {name: frames.depth(index) for name, index in images.items()}
    return found


def epoch(
    frames: Frames, config: TrainConfig, stage: str, number: int
) -> Iterator[dict[str, Tensor]]:
    """One lane's batches of one epoch.

    Args:
        frames: The data.
        config: The lane's configuration.
        stage: One of `STAGES`.
        number: Epochs of the stage that came before.

    Yields:
        The inputs of one update of the stage.
    """
    drawn = to_device(frames, draws(frames, config, stage, number))
    for step in range(len(drawn["rows"])):
        yield inputs(frames, stage, {n: value[step] for n, value in drawn.items()})


def _vae(
    frames: Frames,
    config: TrainConfig,
    steps: int,
    order: torch.Generator,
    noise: torch.Generator,
) -> Iterator[dict[str, Tensor]]:
    labelled = frames.labelled(config)
    for rows in _shuffled(labelled, steps, config.vae.batch_size, order):
        scatter = torch.randn(len(rows), config.latent_size, generator=noise)
        yield {"rows": rows, "noise": config.vae.noise_std * scatter}


def _gan(
    frames: Frames,
    config: TrainConfig,
    steps: int,
    order: torch.Generator,
    noise: torch.Generator,
) -> Iterator[dict[str, Tensor]]:
    seen = frames.data.depth_rows()
    size = config.latent_size + geometry.ORIGIN_SIZE
    for rows in _shuffled(seen, steps, config.gan.batch_size, order):
        code = 2 * torch.rand(len(rows), size, generator=noise) - 1
        yield {"rows": rows, "code": code}


def _joint(
    frames: Frames,
    config: TrainConfig,
    steps: int,
    order: torch.Generator,
    noise: torch.Generator,
) -> Iterator[dict[str, Tensor]]:
    """Labelled and unlabelled images, half and half.

    With every frame of the set labelled, the second half is drawn from all that
    the GAN may see, so a batch has one shape at every ratio.
    """
    size, mixed = config.joint.batch_size, config.joint.mixed_codes
    seen = frames.data.depth_rows()
    labelled = frames.labelled(config)
    rest = np.setdiff1d(seen, labelled, assume_unique=True)
    if len(labelled) == len(frames.data.rows("train")):
        rest = seen
    rows_l = _shuffled(labelled, steps, size, order)
    rows_u = _shuffled(rest, steps, size, order)
    for rows, others in zip(list(rows_l), list(rows_u), strict=True):
        scatter = torch.randn(size, config.latent_size, generator=noise)
        yield {
            "rows": rows,
            "others": others,
            "noise": config.vae.noise_std * scatter,
            "partners": torch.randint(size, (size, mixed), generator=noise),
            "shares": torch.rand(size, mixed, generator=noise),
        }


def _shuffled(
    rows: np.ndarray, steps: int, batch_size: int, order: torch.Generator
) -> Iterator[Tensor]:
    """Batches from one shuffle of the rows after another."""
    wanted = steps * batch_size
    shuffles = -(-wanted // len(rows))
    drawn = [torch.randperm(len(rows), generator=order) for _ in range(shuffles)]
    stream = torch.from_numpy(rows)[torch.cat(drawn)[:wanted]]
    yield from stream.view(steps, batch_size)


def _fits(data: HandData, device: torch.device) -> bool:
    """Whether the crops leave a GPU enough of its free memory."""
    if device.type != "cuda":
        return False
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return data.crops.nbytes + data.unlabelled.nbytes <= RESIDENT_SHARE * free_bytes


def _all_crops(data: HandData, device: torch.device) -> Tensor:
    """All crops as they are on disk, those without labels last."""
    parts = [p for p in (data.crops, data.unlabelled) if len(p)]
    shape = (sum(map(len, parts)), *data.crops.shape[1:])
    kind = torch.from_numpy(data.crops[:0].copy()).dtype
    kept = torch.empty(shape, dtype=kind, device=device)
    start = 0
    for part in parts:
        for first in range(0, len(part), ROWS_AT_ONCE):
            some = torch.from_numpy(part[first : first + ROWS_AT_ONCE].copy())
            kept[start : start + len(some)] = some.to(device)
            start += len(some)
    return kept
