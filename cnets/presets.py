"""The presets, and the ablations and recipes that a suffix names, such as `small+gan`.

A preset changes values of the paper. An ablation only switches parts of the
objective off; the weights of the others stay what the configuration has, and the
pose VAE is the same in all of them. How they compare is measured by
`benchmarks/ablations.py`, not here.
"""

from typing import Any

from cnets.config import TrainConfig


PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "small": {
        "networks.side_px": 32,
        "networks.channels": 16,
        "vae.epochs": 60,
        "vae.steps": 100,
        "vae.learning_rate": 3e-3,
        "gan.epochs": 4,
        "gan.steps": 60,
        "gan.batch_size": 64,
        "joint.warm_up_epochs": 2,
        "joint.epochs": 15,
        "joint.steps": 100,
        "joint.batch_size": 64,
        "joint.decay": 0.85,
    },
    "tiny": {
        "networks.side_px": 32,
        "networks.channels": 8,
        "vae.epochs": 20,
        "vae.steps": 60,
        "vae.learning_rate": 3e-3,
        "vae.batch_size": 64,
        "gan.epochs": 2,
        "gan.steps": 20,
        "gan.batch_size": 32,
        "joint.warm_up_epochs": 1,
        "joint.epochs": 9,
        "joint.steps": 20,
        "joint.batch_size": 32,
    },
}
"""What each preset changes of the paper's values (`crossing-nets`, section 3)."""

ABLATIONS: dict[str, dict[str, Any]] = {
    "posterior_only": {
        "losses.adversarial": 0.0,
        "losses.feature_matching": 0.0,
        "losses.smoothness": 0.0,
        "losses.depth_reconstruction": 0.0,
        "losses.consistency": 0.0,
        "gan.epochs": 0,
    },
    "gan": {"losses.smoothness": 0.0, "losses.depth_reconstruction": 0.0},
    "smoothness": {"losses.depth_reconstruction": 0.0},
    "full": {},
}
"""What each ablation changes in a run, by dotted field name; each adds to the last.

`posterior_only` is the supervised baseline: the posterior head and the trunk
learn from labelled images, and the trunk starts from random weights, because
the GAN's start would have seen the unlabelled ones. Nothing that prediction runs
depends on an unlabelled image.
`gan` adds the discriminator's verdict and feature matching, and consistency where it
has a weight, `smoothness` both smoothness terms, `full` the depth reconstruction.

Source:
    Wan et al. 2017, arXiv:1702.03431, the terms of algorithm 1. The paper's own
    ablations are not known to us; this set is ours.
"""


RECIPES: dict[str, dict[str, Any]] = {
    "recipe": {
        "losses.posterior": 1000.0,
        "augment.rotation_deg": 30.0,
        "augment.scale_std": 0.1,
        "labels.choice": "coverage",
    },
}
"""What was better than the paper's setting with few labels, by the same suffix."""


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
        ValueError: If there is no such preset, ablation or recipe.
    """
    plain, plus, suffix = name.partition("+")
    if plain not in PRESETS:
        known = ", ".join(PRESETS)
        raise ValueError(f"`preset` must be one of {known}, got {plain!r}.")
    run = TrainConfig().replace(PRESETS[plain])
    if suffix in RECIPES:
        return run.replace(RECIPES[suffix])
    return ablated(run, suffix) if plus else run
