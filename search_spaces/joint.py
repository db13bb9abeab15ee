"""The space `joint`: loss weights, latent size and learning rates together.

The start is the paper's. A preset that changes one of these fields moves the
start with `Space.started_at`; the ranges hold its value too.
"""

from search_spaces.loss_weights import LOSS_WEIGHTS
from search_spaces.parameters import Real, Space, Whole


JOINT = Space(
    name="joint",
    parameters={
        **LOSS_WEIGHTS.parameters,
        "latent_size": Whole(8, 64, log=True),
        "vae.learning_rate": Real(1e-4, 1e-2, log=True),
        "gan.learning_rate": Real(3e-5, 3e-3, log=True),
        "joint.learning_rate": Real(1e-4, 1e-2, log=True),
    },
    start={
        **LOSS_WEIGHTS.start,
        "latent_size": 20,
        "vae.learning_rate": 3e-4,
        "gan.learning_rate": 3e-4,
        "joint.learning_rate": 1e-3,
    },
)
