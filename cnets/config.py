"""The configuration of one run: a tree of frozen dataclasses.

The string below a field is its `--help`. A field is changed only by
`TrainConfig.replace`, under its dotted name. Nothing here is derived: what
follows from these values is a function where it is needed. What type a value may
have is in `field_types`, sets of values with a name are in `presets`.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cnets import field_types, suggestions


SIDES_PX = (32, 64, 128)
"""Sides of a depth crop that the networks can be built for."""

RETIRED = {"joint.fast": 0}
"""Fields that were removed, each with the value that means the code of today."""


class Retired(ValueError):
    """A stored configuration asks for something that was removed."""


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weight of each term of the objective; 0 switches a term off."""

    pose_reconstruction: float = 1.0
    """VAE: squared error of the decoded pose."""
    kl: float = 1.0
    """VAE: pull of the posterior towards the unit Gaussian."""
    adversarial: float = 1.0
    """Discriminator: real against rendered, in the joint stage."""
    posterior: float = 1.0
    """Discriminator: the code read from a labelled image."""
    smoothness: float = 1.0
    """Both sides: differences of embeddings follow differences of codes."""
    feature_matching: float = 1.0
    """Generator: mean features of rendered and real images, in the joint stage."""
    depth_reconstruction: float = 1.0
    """Generator: clipped squared error of the rendered depth."""
    balance: float = 0.0
    """Adversarial gradient on the trunk, share of the posterior's; 0 leaves it alone."""
    consistency: float = 0.0
    """Posterior: poses in changed unlabelled images, as its moving average reads them."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            _check(f"losses.{name}", value, "0 or more", value >= 0)


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Sizes of the networks; the defaults are the paper's."""

    side_px: int = 128
    """Side of the square depth crop: 32, 64 or 128 pixels."""
    channels: int = 32
    """Channels of every convolution."""
    joints: int = 36
    """Joints of the hand; set by the data."""
    pose_hidden: int = 40
    """Hidden units of the pose VAE."""

    def __post_init__(self) -> None:
        known = self.side_px in SIDES_PX
        _check("networks.side_px", self.side_px, "one of 32, 64, 128", known)
        for name in ("channels", "joints", "pose_hidden"):
            value = getattr(self, name)
            _check(f"networks.{name}", value, "1 or more", value >= 1)


@dataclass(frozen=True, kw_only=True)
class VaeStage:
    """Stage A: the pose VAE, trained alone on labelled poses, then frozen."""

    epochs: int = 201
    """Epochs of the stage."""
    steps: int | None = None
    """Updates in an epoch; None is the train split once."""
    batch_size: int = 200
    """Poses in an update."""
    learning_rate: float = 3e-4
    """Adam's step size at the start."""
    decay: float = 0.95
    """Factor on the learning rate every 10,000 updates."""
    noise_std: float = 0.05
    """Scale of the sampling noise; 1 would be the textbook VAE."""

    def __post_init__(self) -> None:
        _check_stage("vae", self)
        _check("vae.decay", self.decay, "in (0, 1]", 0 < self.decay <= 1)
        _check("vae.noise_std", self.noise_std, "0 or more", self.noise_std >= 0)


@dataclass(frozen=True, kw_only=True)
class GanStage:
    """Stage B: the depth GAN, trained alone on all depth maps."""

    epochs: int = 1001
    """Epochs of the stage; 0 leaves it out."""
    steps: int | None = None
    """Updates in an epoch; None is the train split once."""
    batch_size: int = 100
    """Images in an update."""
    learning_rate: float = 3e-4
    """Adam's step size."""

    def __post_init__(self) -> None:
        _check_stage("gan", self)


@dataclass(frozen=True, kw_only=True)
class JointStage:
    """Stage C: warm-up, then discriminator and generator in turn."""

    warm_up_epochs: int = 21
    """Epochs in which only the alignment and the two code heads learn."""
    epochs: int = 80
    """Epochs after the warm-up; the fidelity of early stopping."""
    steps: int | None = None
    """Updates in an epoch; None is the train split once."""
    batch_size: int = 200
    """Labelled images in an update; as many unlabelled ones join them."""
    warm_up_learning_rate: float = 1e-2
    """Adam's step size in the warm-up."""
    learning_rate: float = 1e-3
    """Adam's step size after the warm-up."""
    decay: float = 1.0
    """Factor on that step size after every epoch; 1 leaves it alone."""
    mixed_codes: int = 5
    """Codes of the batch that one random code is mixed from."""
    depth_clip: float = 1.0
    """Most that one pixel adds to the depth reconstruction."""

    def __post_init__(self) -> None:
        _check_stage("joint", self)
        _check("joint.decay", self.decay, "in (0, 1]", 0 < self.decay <= 1)
        for name in ("warm_up_learning_rate", "depth_clip"):
            value = getattr(self, name)
            _check(f"joint.{name}", value, "above 0", value > 0)
        for name in ("warm_up_epochs", "mixed_codes"):
            value, least = getattr(self, name), int(name == "mixed_codes")
            _check(f"joint.{name}", value, f"{least} or more", value >= least)


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Hands changed at random, crop and joints alike, as they are trained on."""

    rotation_deg: float = 0.0
    """Most that a hand is turned in the image plane, either way; 0 is off."""
    scale_std: float = 0.0
    """Spread of the factor on a hand's size, about 1; 0 is off."""
    shift_mm: float = 0.0
    """Spread of the crop's centre along each axis, about where it was; 0 is off."""

    def __post_init__(self) -> None:
        for name, most in (("rotation_deg", 180), ("scale_std", 0.3), ("shift_mm", 50)):
            value = getattr(self, name)
            _check(f"augment.{name}", value, f"in [0, {most}]", 0 <= value <= most)


@dataclass(frozen=True, kw_only=True)
class HealthLimits:
    """Under which figures a run counts as collapsed; 0 switches a rule off."""

    active_units: int = 1
    """VAE: numbers of the code that say more than the noise on them."""
    code_spread_ratio: float = 0.1
    """Posterior head: differences of codes read, share of the encoder's."""
    image_spread_ratio: float = 0.1
    """Generator: differences of rendered images, share of the measured ones'."""
    adversarial_nats: float = 1e-4
    """Discriminator: real and rendered cross-entropy together; chance is 1.386."""
    patience_epochs: int = 3
    """Joint epochs in a row that a figure may be under its limit."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = int(name == "patience_epochs")
            _check(f"health.{name}", value, f"{least} or more", value >= least)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Which training frames have a label that may be used."""

    choice: Literal["random", "coverage"] = "random"
    """How labelled frames are chosen; `coverage`: those whose images differ most."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that one run depends on, besides the data itself."""

    seed: int = 0
    """Seed of initial weights, noise and data order."""
    label_seed: int = 0
    """Seed of the choice of labelled frames."""
    labelled_ratio: float = 1.0
    """Share of the training frames whose labels may be used, in (0, 1]."""
    latent_size: int = 20
    """Size of the pose code; the shared code has 3 more for the origin."""
    labels: Labels = field(default_factory=Labels)
    losses: LossWeights = field(default_factory=LossWeights)
    networks: Networks = field(default_factory=Networks)
    vae: VaeStage = field(default_factory=VaeStage)
    gan: GanStage = field(default_factory=GanStage)
    joint: JointStage = field(default_factory=JointStage)
    augment: Augment = field(default_factory=Augment)
    health: HealthLimits = field(default_factory=HealthLimits)

    def __post_init__(self) -> None:
        ratio = self.labelled_ratio
        _check("labelled_ratio", ratio, "in (0, 1]", 0 < ratio <= 1)
        _check("latent_size", self.latent_size, "1 or more", self.latent_size >= 1)
        for name in ("seed", "label_seed"):
            value = getattr(self, name)
            _check(name, value, "in [0, 2**63)", 0 <= value < 2**63)

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> "TrainConfig":
        """The configuration that a store, a checkpoint or a model holds.

        A field that did not exist when it was written has its default; one that
        was removed since is left out.

        Args:
            values: What `flat` gave, in this version or an earlier one.

        Raises:
            Retired: If a removed field has another value than that in `RETIRED`.
            ValueError: As `replace`.
        """
        for name, value in RETIRED.items():
            if values.get(name, value) != value:
                raise Retired(
                    f"`{name}` was removed, and must be {value} in what is stored, "
                    f"got {values[name]!r}."
                )
        kept = {name: value for name, value in values.items() if name not in RETIRED}
        return cls().replace(kept)

    def replace(self, changes: Mapping[str, Any]) -> "TrainConfig":
        """A copy with some fields changed.

        Args:
            changes: New values by dotted name, such as `losses.kl`.

        Raises:
            ValueError: If a name is no field, or a value has the wrong type or
                is out of its range.
        """
        kinds = fields(type(self))
        nested: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in kinds:
                near = suggestions.nearest(name, kinds)
                raise ValueError(f"`{name}` is no field of the run{near}")
            group, _, leaf = name.rpartition(".")
            value = field_types.typed(name, value, kinds[name])
            nested.setdefault(group, {})[leaf] = value
        top = nested.pop("", {})
        for group, leaves in nested.items():
            top[group] = dataclasses.replace(getattr(self, group), **leaves)
        return dataclasses.replace(self, **top)

    def flat(self) -> dict[str, Any]:
        """Every value under its dotted name, in the order of declaration."""
        values = dataclasses.asdict(self)
        return {name: _get(values, name) for name in fields(type(self))}


def fields(kind: type, prefix: str = "") -> dict[str, Any]:
    """Type of every leaf field of a configuration, by dotted name."""
    found: dict[str, Any] = {}
    for entry in dataclasses.fields(kind):
        name = prefix + entry.name
        if dataclasses.is_dataclass(entry.type) and isinstance(entry.type, type):
            found |= fields(entry.type, f"{name}.")
        else:
            found[name] = entry.type
    return found


def _get(values: Mapping[str, Any], name: str) -> Any:
    for part in name.split("."):
        values = values[part]
    return values


def _check(name: str, value: int | float, rule: str, holds: bool) -> None:
    if not holds or not math.isfinite(value):
        raise ValueError(f"`{name}` must be {rule}, got {value}.")


def _check_stage(name: str, stage: VaeStage | GanStage | JointStage) -> None:
    least = {"epochs": int(name != "gan"), "batch_size": 2}
    for field_name, low in least.items():
        value = getattr(stage, field_name)
        _check(f"{name}.{field_name}", value, f"{low} or more", value >= low)
    if stage.steps is not None:
        _check(f"{name}.steps", stage.steps, "1 or more, or None", stage.steps >= 1)
    rate = stage.learning_rate
    _check(f"{name}.learning_rate", rate, "above 0", rate > 0)
