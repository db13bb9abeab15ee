"""Codes and images of one lane, and the loss terms on them that stages share.

A scene is what the frozen encoder and the generator make of a batch. Warm-up and
joint stage both use it; which parameters a term moves is decided there.

Images of codes, images of mixed codes and measured images are three batches of batch
norm wherever they are made or embedded, as in the released code; only the real head
sees all rendered images as one.
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
        `code`, `mixed`, `of_code` and `of_mixed`. Running statistics are those of
        the codes: mixed ones are closer together, and nobody renders them later.
    """
    code = codes(modules, nets, batch)
    shares = batch["shares"] / batch["shares"].sum(1, keepdim=True)
    mixed = (shares.unsqueeze(2) * code[batch["partners"]]).sum(1)
    return {
        "code": code,
        "mixed": mixed,
        "of_code": _render(modules, nets, code, keep_statistics=True),
        "of_mixed": _render(modules, nets, mixed, keep_statistics=False),
    }


@torch.no_grad()
def codes(modules: Modules, nets: Nets, batch: Batch) -> Tensor:
    """Codes of the labelled poses, one lane, drawn by the frozen encoder."""
    mean, log_variance = run(modules["encoder"], nets["encoder"], batch["pose"])
    sampled = pose_vae.sample_code(mean, log_variance, batch["noise"])
    return torch.cat([sampled, batch["origin"]], 1)


def fakes(scene: Batch) -> Tensor:
    """All rendered images as one batch, as the real head sees them."""
    return torch.cat([scene["of_mixed"], scene["of_code"]])


def maps_of(modules: Modules, nets: Nets, images: Tensor) -> Tensor:
    """The trunk's maps of images; its running statistics stay as they are."""
    return run(modules["trunk"], nets["trunk"], images, keep_statistics=False)


def code_terms(modules: Modules, nets: Nets, batch: Batch, scene: Batch) -> Terms:
    """Posterior and smoothness terms, one lane: what trunk and code heads learn from.

    The trunk's running statistics are those of the labelled images, because the
    posterior reads them here.
    """
    maps = run(modules["trunk"], nets["trunk"], batch["measured"])
    read = run(modules["posterior"], nets["posterior"], maps)
    measured = run(modules["smoother"], nets["smoother"], maps)
    terms = smoothness_terms(modules, nets, measured, scene)
    return terms | {"posterior": losses.posterior(read, scene["code"])}


def smoothness_terms(
    modules: Modules, nets: Nets, measured: Tensor, scene: Batch
) -> Terms:
    """Smoothness terms of the rendered images and embeddings of the measured ones."""
    of_code, of_mixed = (
        embed(modules, nets, scene[name]) for name in ("of_code", "of_mixed")
    )
    return {
        "smoothness_mixed": losses.smoothness_mixed(
            measured, of_mixed, scene["code"], scene["mixed"]
        ),
        "smoothness_self": losses.smoothness_self(measured, of_code),
    }


def embed(modules: Modules, nets: Nets, images: Tensor) -> Tensor:
    """The smoother's embeddings of a batch; running statistics stay as they are."""
    head, net = modules["smoother"], nets["smoother"]
    return run(head, net, maps_of(modules, nets, images), keep_statistics=False)


def depth_term(ceiling: float, batch: Batch, scene: Batch) -> Terms:
    """Depth reconstruction of the labelled images, one lane."""
    return {
        "depth_reconstruction": losses.depth_reconstruction(
            scene["of_code"], batch["measured"], ceiling=ceiling
        )
    }


def _render(
    modules: Modules, nets: Nets, code: Tensor, *, keep_statistics: bool
) -> Tensor:
    keep = keep_statistics
    aligned = run(modules["alignment"], nets["alignment"], code, keep_statistics=keep)
    net = nets["generator"]
    return run(modules["generator"], net, aligned, keep_statistics=keep)
