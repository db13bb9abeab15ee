"""Codes and images of one lane, and the loss terms on them that stages share.

A scene is what the frozen encoder and the generator make of a batch. Warm-up and
joint stage both use it; which parameters a term moves is decided there.
"""

import torch
from torch import Tensor

from cnets.networks import losses, pose_vae
from cnets.training.lanes.lane import run
from cnets.training.updates.parts import Batch, Modules, Nets, Terms


def imagine(modules: Modules, nets: Nets, batch: Batch) -> dict[str, Tensor]:
    """Codes of the labelled poses, mixtures of them, and images of both, one lane.

    A mixed code is a random convex combination of codes of the batch: the
    codes lie far from a unit Gaussian, whose samples would be no hands.

    Returns:
        `code`, `mixed`, and `rendered`: images of the mixed codes, then of the
        codes, so that batch norm sees them as one batch.
    """
    with torch.no_grad():
        mean, log_variance = run(modules["encoder"], nets["encoder"], batch["pose"])
        sampled = pose_vae.sample_code(mean, log_variance, batch["noise"])
        code = torch.cat([sampled, batch["origin"]], 1)
        shares = batch["shares"] / batch["shares"].sum(1, keepdim=True)
        mixed = (shares.unsqueeze(2) * code[batch["partners"]]).sum(1)
    aligned = run(modules["alignment"], nets["alignment"], torch.cat([mixed, code]))
    rendered = run(modules["generator"], nets["generator"], aligned)
    return {"code": code, "mixed": mixed, "rendered": rendered}


def maps_of(modules: Modules, nets: Nets, images: Tensor) -> Tensor:
    """The trunk's maps of images; its running statistics stay as they are."""
    return run(modules["trunk"], nets["trunk"], images, keep_statistics=False)


def read_codes(
    modules: Modules, nets: Nets, maps: Tensor, fake_maps: Tensor, scene: Batch
) -> Terms:
    """Posterior and smoothness terms of maps of measured and rendered images."""
    read = run(modules["posterior"], nets["posterior"], maps)
    measured = run(modules["smoother"], nets["smoother"], maps)
    head, net = modules["smoother"], nets["smoother"]
    fake = run(head, net, fake_maps, keep_statistics=False)
    terms = smoothness_terms(measured, fake, scene)
    return terms | {"posterior": losses.posterior(read, scene["code"])}


def smoothness_terms(measured: Tensor, fake: Tensor, scene: Batch) -> Terms:
    """Smoothness terms of embeddings of measured and rendered images."""
    of_mixed, of_code = fake.chunk(2)
    return {
        "smoothness_mixed": losses.smoothness_mixed(
            measured, of_mixed, scene["code"], scene["mixed"]
        ),
        "smoothness_self": losses.smoothness_self(measured, of_code),
    }


def depth_term(ceiling: float, batch: Batch, scene: Batch) -> Terms:
    """Depth reconstruction of the labelled images, one lane."""
    rendered = scene["rendered"][len(batch["measured"]) :]
    return {
        "depth_reconstruction": losses.depth_reconstruction(
            rendered, batch["measured"], ceiling=ceiling
        )
    }
