"""What the product of a pre-training depends on, and a hash of exactly that.

Two runs whose keys are equal train the same bits in that stage, so one of them may
take the other's product. Nothing is read or written here; `harness.worker.stages.stage_store`
keeps products under their keys.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from cnets.config import TrainConfig
from cnets.networks import crossing_net
from cnets.training import schedule, state
from cnets.training.bank import Bank
from cnets.training.epoch_report import EpochReport
from cnets.training.lanes.lane import Lane, move_on
from cnets.training.sharing import code_digest


VERSION = 2
"""Version of the key; raised when what a product consists of changes."""

SHARED = ("vae", "gan")
"""The stages whose product other runs may use: those before the warm-up."""

PRODUCT = {"vae": crossing_net.VAE, "gan": schedule.NETWORKS["gan"]}
"""The networks that a stage leaves behind for the later ones."""

FIELDS = {
    "vae": (
        "seed",
        "label_seed",
        "labelled_ratio",
        "labels.choice",
        "latent_size",
        "losses.pose_reconstruction",
        "losses.kl",
        "networks.joints",
        "networks.pose_hidden",
        "vae.epochs",
        "vae.steps",
        "vae.batch_size",
        "vae.learning_rate",
        "vae.decay",
        "vae.noise_std",
        "augment.rotation_deg",
        "augment.scale_std",
    ),
    "gan": (
        "seed",
        "latent_size",
        "networks.side_px",
        "networks.channels",
        "gan.epochs",
        "gan.steps",
        "gan.batch_size",
        "gan.learning_rate",
        "augment.rotation_deg",
        "augment.scale_std",
        "augment.shift_mm",
    ),
}
"""The fields of a run that a stage's numbers depend on. The labels enter as the
rows that were chosen and the steps as what they come to, so that two ways of
saying the same have one key."""

LATER = (
    "losses.adversarial",
    "losses.posterior",
    "losses.smoothness",
    "losses.feature_matching",
    "losses.depth_reconstruction",
    "losses.balance",
    "losses.consistency",
    "joint.warm_up_epochs",
    "joint.epochs",
    "joint.steps",
    "joint.batch_size",
    "joint.warm_up_learning_rate",
    "joint.learning_rate",
    "joint.decay",
    "joint.mixed_codes",
    "joint.depth_clip",
    "health.active_units",
    "health.code_spread_ratio",
    "health.image_spread_ratio",
    "health.adversarial_nats",
    "health.patience_epochs",
)
"""The fields that no pre-training knows; a search over them pre-trains once."""

ROOT = "cnets.training.bank"
"""The module that trains a stage."""

APART = (
    "cnets.config",  # its values are in the key
    "cnets.data.hand_data",  # so are fingerprint and rows
    "cnets.metrics",  # figures of warm-up and joint stage
    "cnets.shapes",  # names only
)
"""Modules that the bank uses and no product of pre-training depends on. The code of
every other one is in the key, so that a new module is in it until it stands here."""


@dataclass(frozen=True, kw_only=True)
class StageKey:
    """The name of a stage's product, and what it was made of."""

    stage: str
    """`vae` or `gan`."""
    digest: str
    """SHA-256 of the inputs, hexadecimal."""
    inputs: Mapping[str, Any]
    """Plain values by name; what has no room here stands as a SHA-256."""

    @property
    def short(self) -> str:
        """Stage and the first eight digits, for people."""
        return f"{self.stage} {self.digest[:8]}"


def key(bank: Bank, config: TrainConfig, stage: str) -> StageKey:
    """The key of a stage's product.

    Args:
        bank: Gives the data, the device and the kind of number.
        config: The run's.
        stage: One of `SHARED`.

    Raises:
        ValueError: If the stage is not one that is shared.
    """
    if stage not in SHARED:
        raise ValueError(f"`stage` must be one of {', '.join(SHARED)}, got {stage!r}.")
    flat = config.flat()
    inputs = {name: flat[name] for name in FIELDS[stage]}
    inputs[f"{stage}.steps"] = schedule.steps_an_epoch(config, stage, bank.data)
    if stage == "vae":
        for name in ("labelled_ratio", "label_seed", "labels.choice"):
            del inputs[name]
        inputs["labelled_rows"] = _rows(bank.frames.labelled(config))
        inputs["validation_rows"] = _rows(bank.data.rows("validation"))
    else:
        inputs["depth_rows"] = _rows(bank.data.depth_rows())
    inputs |= {
        "stage": stage,
        "data": bank.data.fingerprint,
        "key_version": VERSION,
        "layout_version": state.VERSION,
        "code": code(),
        **_place(bank),
    }
    text = json.dumps(inputs, sort_keys=True)
    return StageKey(
        stage=stage, digest=hashlib.sha256(text.encode()).hexdigest(), inputs=inputs
    )


def product(lane: Lane, report: EpochReport) -> Lane:
    """What a stage left in a lane: a lane with that stage's networks alone.

    Args:
        lane: After the last epoch of the stage; it may be in the next one.
        report: Of that epoch; its figures say how the stage ended.
    """
    names = PRODUCT[report.stage]
    return Lane(
        lane.config,
        report.stage,
        report.epoch,
        flat={name: lane.flat[name] for name in names},
        buffers={name: lane.buffers[name] for name in names},
        recent=(report.terms | report.health,),
        terms=report.terms,
    )


def fits(found: Lane, lane: Lane, stage: str) -> bool:
    """Whether a product has the networks that a lane's stage ends with."""
    names = PRODUCT[stage]
    return (found.stage, set(found.flat)) == (stage, set(names)) and all(
        _shapes(found, name) == _shapes(lane, name) for name in names
    )


def adopt(lane: Lane, found: Lane) -> None:
    """Put a lane behind a stage that another run has trained.

    Args:
        lane: At any epoch of the stage; changed in place, to the last bit as
            if it had trained the stage itself.
        found: The product; an epoch gives a lane new tensors and leaves these.
    """
    for name in found.flat:
        lane.flat[name] = found.flat[name]
        lane.buffers[name] = dict(found.buffers[name])
    lane.terms = lane.terms | found.terms
    lane.epoch = schedule.epochs_of(lane.config, found.stage)
    move_on(lane)


def finite(lane: Lane) -> bool:
    """Whether every number of a lane's networks is finite."""
    every = [*lane.flat.values()]
    every += [b for buffers in lane.buffers.values() for b in buffers.values()]
    return all(bool(torch.isfinite(tensor).all()) for tensor in every)


@lru_cache(maxsize=1)
def code() -> str:
    """SHA-256 of the code that trains a stage.

    A constant or a line that changes gives new keys, so that a store that
    outlives a version never mixes what two versions have trained.
    """
    return code_digest.digest(ROOT, apart=APART)


def _place(bank: Bank) -> dict[str, str | int]:
    """What the arithmetic depends on, beside the numbers that go in.

    Lanes that are stacked differ from a lane alone by rounding, so the rows of a
    stack belong to it where a bank keeps them fixed.
    """
    kind = torch.backends.cpu.get_cpu_capability()
    if bank.device.type == "cuda":
        kind = torch.cuda.get_device_name(bank.device)
    return {
        "device": bank.device.type,
        "device_kind": kind,
        "dtype": str(bank.frames.dtype),
        "stack_rows": getattr(bank, "width", None) or 1,
        "torch": str(torch.__version__),
    }


def _rows(rows: np.ndarray) -> str:
    """SHA-256 of row numbers."""
    return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()


def _shapes(lane: Lane, name: str) -> dict[str, tuple[int, ...]]:
    buffers = lane.buffers[name]
    shapes = {f"buffer/{n}": tuple(b.shape) for n, b in buffers.items()}
    return shapes | {"flat": tuple(lane.flat[name].shape)}
