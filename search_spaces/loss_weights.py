"""The space `loss_weights`: the weight of every loss term, and nothing else.

The paper sets every weight to 1. Ranges are a factor of 100 either way unless
said otherwise: optimisers of Adam's kind see only the ratio of the weights
that meet in one loss, so wider ranges would mostly repeat each other.
"""

from search_spaces.parameters import OneOf, Real, Space


LOSS_WEIGHTS = Space(
    name="loss_weights",
    parameters={
        "labelled_ratio": OneOf((0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)),
        # A sum over the code against a sum over the pose; at 1 the codes
        # shrink to a spread of 0.1, so there is more to find below than above.
        "losses.kl": Real(1e-4, 10.0, log=True),
        "losses.pose_reconstruction": Real(0.01, 100.0, log=True),
        "losses.adversarial": Real(0.01, 10.0, log=True),
        # Squared differences of codes are about 0.01 where the others are 1.
        "losses.posterior": Real(0.1, 1000.0, log=True),
        "losses.smoothness": Real(0.01, 100.0, log=True),
        "losses.feature_matching": Real(0.01, 100.0, log=True),
        "losses.depth_reconstruction": Real(0.01, 100.0, log=True),
    },
    start={
        "labelled_ratio": 1.0,
        "losses.kl": 1.0,
        "losses.pose_reconstruction": 1.0,
        "losses.adversarial": 1.0,
        "losses.posterior": 1.0,
        "losses.smoothness": 1.0,
        "losses.feature_matching": 1.0,
        "losses.depth_reconstruction": 1.0,
    },
)
