"""What a person may want to change in a run that goes on: warnings, no rules.

They are read from the figures of a report, in a search as in a single run. What ends
a run is in `rules`.
"""

import math
from collections.abc import Mapping


LEAST_SHARE = 0.01
"""Share of the trunk's gradient that the pose loss should have."""

MOST_FLOOR = 0.5
"""Part of the error that the pose VAE alone may make."""


def of_figures(figures: Mapping[str, float]) -> dict[str, str]:
    """A sentence by the figure that it is about.

    Args:
        figures: Validation and health figures of one epoch, by name; what is
            missing is not judged.
    """
    found = {}
    share = figures.get("trunk_share_posterior", math.nan)
    if share < LEAST_SHARE:
        found["trunk_share_posterior"] = (
            f"The pose loss has {share:.2%} of the trunk's gradient and hardly trains "
            "it: raise `losses.posterior`, or set `losses.balance`."
        )
    floor_mm = figures.get("vae_floor_mm", math.nan)
    error_mm = figures.get("mean_joint_error_mm", math.nan)
    if floor_mm > MOST_FLOOR * error_mm:
        found["vae_floor_mm"] = (
            f"The pose VAE alone is off by {floor_mm:.1f} mm, more than half of the "
            f"error of {error_mm:.1f} mm: it needs more poses, or other `vae` fields."
        )
    return found
