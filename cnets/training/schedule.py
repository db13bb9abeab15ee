"""The stages of a run: their order, their networks, their length and step sizes.

What an update of a stage does is in `updates`, and what it is fed in `batches`.
"""

from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.networks import crossing_net


UNSUPERVISED = (
    "adversarial",
    "feature_matching",
    "smoothness",
    "depth_reconstruction",
    "consistency",
)
"""Weights of stage C beside the posterior's."""

STAGES = ("vae", "gan", "warm_up", "joint")
"""The stages in order; warm-up and joint share one configuration."""

NETWORKS = {
    "vae": crossing_net.VAE,
    "gan": ("generator", "trunk", "real"),
    "warm_up": ("encoder", *crossing_net.GENERATOR, *crossing_net.DISCRIMINATOR),
    "joint": ("encoder", *crossing_net.GENERATOR, *crossing_net.DISCRIMINATOR),
}
"""The networks that a stage runs, changed or not; see also `networks_of`."""


SUPERVISED = ("encoder", "trunk", "posterior")
"""The networks of stage C where only the posterior has a weight."""


def is_supervised(config: TrainConfig) -> bool:
    """Whether stage C learns from labelled images alone."""
    weights = vars(config.losses)
    return not any(weights[name] for name in UNSUPERVISED)


def reads_copies(config: TrainConfig, stage: str) -> bool:
    """Whether a stage compares poses read from crops and copies, as a teacher does."""
    return stage == "joint" and config.losses.consistency > 0


def networks_of(config: TrainConfig, stage: str) -> tuple[str, ...]:
    """The networks that a stage of a run needs, changed or not."""
    if stage in ("warm_up", "joint") and is_supervised(config):
        return SUPERVISED
    more = ("decoder",) if reads_copies(config, stage) else ()
    return (*NETWORKS[stage], *more)


def stage_settings(config: TrainConfig, stage: str):  # noqa: ANN201 - a union of three
    """The part of the configuration that rules a stage."""
    return {"vae": config.vae, "gan": config.gan}.get(stage, config.joint)


def epochs_of(config: TrainConfig, stage: str) -> int:
    """Epochs that a stage has."""
    if stage == "warm_up":
        return config.joint.warm_up_epochs
    return stage_settings(config, stage).epochs


def steps_an_epoch(config: TrainConfig, stage: str, data: HandData) -> int:
    """Updates in an epoch: as set, or the whole train split once.

    The labelled ratio does not enter: few labels must not starve training.
    """
    settings = stage_settings(config, stage)
    whole = len(data.rows("train")) // settings.batch_size
    return settings.steps or max(1, whole)


def learning_rate(config: TrainConfig, stage: str, epoch: int, data: HandData) -> float:
    """Step size in an epoch of a stage; those of VAE and joint stage decay.

    Args:
        config: The lane's configuration.
        stage: One of `STAGES`.
        epoch: Epochs of the stage that came before.
        data: Gives the length of an epoch where the configuration does not.
    """
    match stage:
        case "vae":
            steps = steps_an_epoch(config, stage, data)
            return vae_learning_rate(config, epoch, steps)
        case "gan":
            return config.gan.learning_rate
        case "warm_up":
            return config.joint.warm_up_learning_rate
    return config.joint.learning_rate * config.joint.decay**epoch


def vae_learning_rate(config: TrainConfig, epoch: int, steps: int) -> float:
    """Step size in an epoch of stage A.

    Args:
        config: The lane's configuration.
        epoch: Epochs that came before.
        steps: Updates in an epoch.

    Returns:
        The base rate times decay^(e (steps + 1) / 10000), e counting the
        epochs that ended before the last one, as in the released code.
    """
    ended = max(epoch - 1, 0) * (steps + 1)
    return config.vae.learning_rate * config.vae.decay ** (ended / 10_000)
