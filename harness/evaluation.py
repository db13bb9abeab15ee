"""What an evaluation gives: errors, figures and the curve of one set of frames.

`evaluate.py` makes it; `commands/printing/evaluation.py` prints it.
"""

from dataclasses import dataclass
from typing import Any

import torch

from cnets import metrics


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The figures of one set of frames."""

    source: str
    """What was evaluated, such as the predictions file."""
    data: str
    """The labels it was held against."""
    joints: tuple[str, ...]
    errors: metrics.Errors
    """float64, one column a joint."""
    plotted: metrics.Errors
    """Those of the joints that the papers evaluate."""
    figures: dict[str, float]
    """By name, as in `metrics.report`, or those of `evaluate.of_vae`."""
    not_scored: int = 0
    """Frames that belong to the set and are in no figure: no hand was seen in them."""
    bonus_mm: float
    """What was added to every threshold."""

    def curve(self) -> dict[str, Any]:
        """Share of frames within each whole millimetre."""
        limits = torch.arange(metrics.CURVE_MM + 1, dtype=torch.float64)
        shares = metrics.curve(self.plotted, limits, bonus_mm=self.bonus_mm)
        return {"threshold_mm": limits.tolist(), "frames_within": shares.tolist()}
