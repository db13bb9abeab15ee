"""Figures of collapse, taken from arrays of a few validation frames.

Of each figure 0 is the worst: images or codes that do not depend on their input,
a code without a number in use. `cnets.training.judge` gathers the arrays, once an
epoch; what a figure means for a run is said by the rules, not here.
"""

import math

from jaxtyping import Float
from torch import Tensor

from cnets.shapes import PoseCode


Rows = Float[Tensor, "frames *rest"]
"""Anything of some frames, the frames in front."""

FRAMES = 64
"""Validation frames that the figures are taken on, at most."""


def spread(rows: Rows) -> float:
    """Root mean square distance between two different rows.

    Twice the variance, summed over the rest of the axes, is the mean square
    distance of all pairs; so no pair is formed.

    Returns:
        0 or more, in the unit of the rows; 0 for a single row.
    """
    if len(rows) < 2:
        return 0.0
    return math.sqrt(2 * float(rows.double().flatten(1).var(0).sum()))


def spread_ratio(made: Rows, data: Rows) -> float:
    """Spread of what a network made against that of the data it stands for.

    Args:
        made: Rows of the network.
        data: Rows of the data, of the same frames.

    Returns:
        0 if all rows made are the same, 1 if they differ as much as the data's;
        1 also if those are all the same, for then nothing is lost.
    """
    whole = spread(data)
    return spread(made) / whole if whole > 0 else 1.0


def active_units(mean: PoseCode, log_variance: PoseCode, *, noise_std: float) -> float:
    """How many numbers of the code say more about the pose than noise would.

    The usual threshold of 0.01 on the variance does not fit: the codes of this
    model spread by 0.1 only. A unit counts as active if the variance of its mean
    over the frames is above that of the noise it was trained with.

    Args:
        mean: Posterior means of the frames, at least two.
        log_variance: Their log-variances.
        noise_std: Scale of the sampling noise.

    Returns:
        A whole number in [0, latent].

    Source:
        Burda et al. 2016, arXiv:1509.00519, section 5.2, A_u = Var_x(E[u|x]).
    """
    noise = noise_std**2 * log_variance.double().exp().mean(0)
    return float((mean.double().var(0) > noise).sum())
