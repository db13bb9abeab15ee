"""What every update of an epoch is fed: rows of the data, and noise.

A lane's draws are a function of its seed, the stage and the epoch, and of
nothing else: not of its neighbours, not of what came before, and the order of
the data not of the latent size. So a restored lane draws what it would have
drawn, and two configurations of one seed see the same frames.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from cnets import geometry
from cnets.config import TrainConfig
from cnets.data import HandData


STAGES = ("vae", "gan", "warm_up", "joint")
"""The stages in order; warm-up and joint share one configuration."""

ORIGIN_SIZE = 3
"""Numbers that the shared code has beyond the pose code."""


class Frames:
    """A data set as the networks see it: poses in units, crops on demand."""

    def __init__(
        self, data: HandData, device: torch.device, dtype: torch.dtype
    ) -> None:
        """Compute poses and origins once; crops stay where they are."""
        self.data = data
        self.device, self.dtype = device, dtype
        joints_mm = torch.tensor(data.joints_mm)
        self.centres_mm = torch.tensor(data.centres_mm)
        units = geometry.to_units(joints_mm, self.centres_mm)
        pose, origin = geometry.split_origin(units, data.root)
        self.pose = pose.to(device, dtype)
        self.origin = origin.to(device, dtype)
        self._labelled: dict[tuple[float, int], np.ndarray] = {}

    def labelled(self, config: TrainConfig) -> np.ndarray:
        """Rows whose labels a configuration may use, ascending."""
        choice = (config.labelled_ratio, config.label_seed)
        if choice not in self._labelled:
            self._labelled[choice] = self.data.labelled(*choice)
        return self._labelled[choice]

    def depth(self, rows: np.ndarray) -> Tensor:
        """Crops of the given rows, [rows, 1, side, side]."""
        crops = torch.from_numpy(self._crops(rows))
        return crops.to(self.device, self.dtype).unsqueeze(1)

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
    purpose = (STAGES.index(stage), number)
    order = generator(config.seed, *purpose, 0)
    noise = generator(config.seed, *purpose, 1)
    draw = {"vae": _vae, "gan": _gan}.get(stage, _joint)
    steps = steps_an_epoch(config, stage, frames.data)
    batches = draw(frames, config, steps, order, noise)
    for batch in batches:
        yield {
            name: value.to(frames.device, frames.dtype)
            if value.is_floating_point()
            else value.to(frames.device)
            for name, value in batch.items()
        }


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
        yield {"pose": frames.pose[rows], "noise": config.vae.noise_std * scatter}


def _gan(
    frames: Frames,
    config: TrainConfig,
    steps: int,
    order: torch.Generator,
    noise: torch.Generator,
) -> Iterator[dict[str, Tensor]]:
    seen = frames.data.depth_rows()
    size = config.latent_size + ORIGIN_SIZE
    for rows in _shuffled(seen, steps, config.gan.batch_size, order):
        code = 2 * torch.rand(len(rows), size, generator=noise) - 1
        yield {"measured": frames.depth(rows), "code": code}


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
            "measured": frames.depth(rows),
            "unlabelled": frames.depth(others),
            "pose": frames.pose[rows],
            "origin": frames.origin[rows],
            "noise": config.vae.noise_std * scatter,
            "partners": torch.randint(size, (size, mixed), generator=noise),
            "shares": torch.rand(size, mixed, generator=noise),
        }


def _shuffled(
    rows: np.ndarray, steps: int, batch_size: int, order: torch.Generator
) -> Iterator[np.ndarray]:
    """Batches from one shuffle of the rows after another."""
    wanted = steps * batch_size
    shuffles = -(-wanted // len(rows))
    drawn = [torch.randperm(len(rows), generator=order) for _ in range(shuffles)]
    stream = torch.cat(drawn)[:wanted].numpy()
    for step in range(steps):
        yield rows[stream[step * batch_size : (step + 1) * batch_size]]
