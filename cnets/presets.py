"""Ablations as presets of the loss weights: which parts of the objective count.

A preset only switches parts off; the weights of the others stay what the
configuration has. The pose VAE is the same in all of them. How they compare is
measured by `benchmarks/ablations.py`, not here.
"""

from typing import Any

from cnets import config
from cnets.config import TrainConfig


ABLATIONS: dict[str, dict[str, Any]] = {
    "posterior_only": {
        "losses.adversarial": 0.0,
        "losses.feature_matching": 0.0,
        "losses.smoothness": 0.0,
        "losses.depth_reconstruction": 0.0,
        "gan.epochs": 0,
    },
    "gan": {"losses.smoothness": 0.0, "losses.depth_reconstruction": 0.0},
    "smoothness": {"losses.depth_reconstruction": 0.0},
    "full": {},
}
"""What each ablation changes in a run, by dotted field name; each adds to the last.

`posterior_only` is the supervised baseline: the posterior head and the trunk
learn from labelled images, and the trunk starts from random weights, because
the GAN's start would have seen the unlabelled ones. They still share batches,
and so batch statistics, with unlabelled images unless the data have none.
`gan` adds the discriminator's verdict and feature matching, `smoothness` both
smoothness terms, `full` the depth reconstruction.

Source:
    Wan et al. 2017, arXiv:1702.03431, the terms of algorithm 1. The paper's own
    ablations are not known to us; this set is ours.
"""


def ablated(run: TrainConfig, name: str) -> TrainConfig:
    """A configuration without the parts that an ablation leaves out.

    Args:
        run: The whole; its other weights are kept.
        name: One of `ABLATIONS`.

    Raises:
        ValueError: If there is no such ablation.
    """
    if name not in ABLATIONS:
        known = ", ".join(ABLATIONS)
        raise ValueError(f"`ablation` must be one of {known}, got {name!r}.")
    return run.replace(ABLATIONS[name])


def preset(name: str) -> TrainConfig:
    """The configuration of a preset, such as `small`, or `small+gan` ablated.

    Raises:
        ValueError: If there is no such preset or ablation.
    """
    whole, plus, ablation = name.partition("+")
    run = config.preset(whole)
    return ablated(run, ablation) if plus else run
