"""The model that a run starts from: checked once, noted in a header, put into a lane."""

from pathlib import Path

from cnets.config import TrainConfig
from cnets.inference import models, published
from cnets.training.bank import Bank
from cnets.training.lanes.lane import Lane
from harness.definition.job import Job
from results import Header


def facts(init: str | None, config: TrainConfig) -> dict[str, str] | None:
    """Name and SHA-256 of a model that fits a configuration; None for none.

    Raises:
        ValueError: If there is no such model, or it has other networks than the
            configuration.
    """
    if init is None:
        return None
    model = models.open_model(init)
    there, wanted = model.config.flat(), config.flat()
    for name in ("latent_size", *(n for n in there if n.startswith("networks."))):
        if there[name] != wanted[name]:
            raise ValueError(
                f"`init` must have the run's `{name}`, {wanted[name]}, got {there[name]}."
            )
    return {"name": resolved(init), "sha256": model.digest()}


def resolved(init: str) -> str:
    """The same model under a name that holds in every working directory."""
    prefix = published.PREFIX if init.startswith(published.PREFIX) else ""
    return f"{prefix}{Path(init.removeprefix(prefix)).resolve()}"


def of_header(header: Header) -> str | None:
    """The model that the trials of a search started from."""
    noted = header.rules.get("init")
    return None if noted is None else noted["name"]


def same(header: Header) -> None:
    """Refuse a model that has changed since the search began.

    Raises:
        ValueError: If its weights are others now, or it is gone.
    """
    noted = header.rules.get("init")
    if noted is None:
        return
    if models.open_model(noted["name"]).digest() != noted["sha256"]:
        raise ValueError(
            f"`init` must be what the search started from, and {noted['name']} has "
            "changed."
        )


def start(bank: Bank, job: Job) -> Lane:
    """The lane of a run that has no checkpoint yet.

    A run that starts from a model has its pre-training and warm-up behind it:
    those stages would undo what the model's heads have learned.
    """
    lane = bank.lane(job.config)
    if job.init is not None:
        models.into_lane(models.open_model(job.init), lane)
        lane.stage = "joint"
    return lane
