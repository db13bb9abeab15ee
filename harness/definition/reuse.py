"""How often a proposal takes over the settings of a pre-training that is paid for."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """One stage whose settings are searched."""

    stage: str
    fields: tuple[str, ...]
    """Searched parameters that its product depends on."""
    share: float
    """How often settings are taken over, in [0, 1]: the share that the pre-training has
    in what a trial costs."""
    of_a_ratio: bool
    """Whether a product serves one labelled ratio only."""
