"""One entrant of the finals: what is trained over several seeds at one labelled ratio."""

from dataclasses import dataclass

from cnets.config import TrainConfig


START = "start"
"""Entrant with the setting that the search began with."""

SUPERVISED = "supervised"
"""Entrant that learns from labelled images alone: the start without the other losses."""


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A setting at one labelled ratio."""

    name: str
    """Name of a trial of the search, `start` or `supervised`."""
    ratio: float
    """Its labelled ratio."""
    config: TrainConfig
    """What is trained; each seed takes the place of its own."""
    trial: str | None = None
    """The trial of the search with this setting, if there is one."""
    search_mm: float | None = None
    """The search's objective of that trial; None if it was not trained as long."""

    @property
    def is_fixed(self) -> bool:
        """Whether others are compared with it, so that it runs to its last seed."""
        return self.name in (START, SUPERVISED)

    def run(self, seed: int) -> str:
        """Name of its run under a seed."""
        ratio = f"-{self.ratio:g}".replace(".", "_") if self.is_fixed else ""
        return f"{self.name}{ratio}-s{seed}"

    def seeded(self, seed: int) -> TrainConfig:
        """What its run under a seed trains: labels, data order and weights alike."""
        return self.config.replace({"seed": seed, "label_seed": seed})
