"""What a lane draws in an epoch: rows of the data, and noise.

A lane's draws are a function of its seed, the stage and the epoch, and of
nothing else: not of its neighbours, not of what came before, and the order of
the data not of the latent size. So a restored lane draws what it would have
drawn, and two configurations of one seed see the same frames. Images and poses of
the rows are looked up by `inputs`.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from cnets import geometry
from cnets.config import TrainConfig
from cnets.training import schedule
from cnets.training.batches import augmentation, copies, generators
from cnets.training.batches.frames import Frames


def of_epoch(
    frames: Frames, config: TrainConfig, stage: str, number: int
) -> dict[str, Tensor]:
    """Everything that one lane draws in an epoch, on the host.

    Args:
        frames: The data.
        config: The lane's configuration.
        stage: One of `schedule.STAGES`.
        number: Epochs of the stage that came before.

    Returns:
        By name, [updates, ...]: `rows` and `others` are frames, `moves` and
        `other_moves` their changes, if the run has any, `copy_moves` those of copies
        of the latter, the rest noise.
    """
    purpose = (schedule.STAGES.index(stage), number)
    order = generators.seeded(config.seed, *purpose, 0)
    noise = generators.seeded(config.seed, *purpose, 1)
    draw = {"vae": _vae, "gan": _gan}.get(stage, _joint)
    steps = schedule.steps_an_epoch(config, stage, frames.data)
    every = list(draw(frames, config, steps, order, noise))
    found = {n: torch.stack([update[n] for update in every]) for n in every[0]}
    if augmentation.is_on(config, stage):
        source = generators.seeded(config.seed, *purpose, 2)
        for name, rows in (("moves", "rows"), ("other_moves", "others")):
            if rows in found:
                shape = found[rows].shape
                moves = augmentation.drawn(
                    config.augment, shape.numel(), source, shifted=stage != "vae"
                )
                found[name] = moves.view(*shape, -1)
    if schedule.reads_copies(config, stage):
        source = generators.seeded(config.seed, *purpose, 3)
        shape = found["others"].shape
        found["copy_moves"] = copies.drawn(shape.numel(), source).view(*shape, -1)
    return found


def _vae(
    frames: Frames,
    config: TrainConfig,
    steps: int,
    order: torch.Generator,
    noise: torch.Generator,
) -> Iterator[dict[str, Tensor]]:
    """Labelled poses; with poses without images, half and half.

    However many those are, the data's own hands stay half of what the VAE is for.
    """
    labelled, size = frames.labelled(config), config.vae.batch_size
    half = size // 2 if len(frames.more) else 0
    batches = list(generators.shuffled(labelled, steps, size - half, order))
    if half:
        more = generators.shuffled(frames.more, steps, half, order)
        batches = [torch.cat(pair) for pair in zip(batches, more, strict=True)]
    for rows in batches:
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
    for rows in generators.shuffled(seen, steps, config.gan.batch_size, order):
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
    rows_l = generators.shuffled(labelled, steps, size, order)
    rows_u = generators.shuffled(rest, steps, size, order)
    for rows, others in zip(list(rows_l), list(rows_u), strict=True):
        scatter = torch.randn(size, config.latent_size, generator=noise)
        yield {
            "rows": rows,
            "others": others,
            "noise": config.vae.noise_std * scatter,
            "partners": torch.randint(size, (size, mixed), generator=noise),
            "shares": torch.rand(size, mixed, generator=noise),
        }
