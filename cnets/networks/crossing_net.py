"""All networks of a run by name: their making, their groups, their first weights.

How one network looks is said in `pose_vae` and `depth_gan`; which stage trains
which of them is decided in training.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from cnets import geometry
from cnets.config import TrainConfig
from cnets.networks import depth_gan, pose_vae
from cnets.shapes import Pose


VAE = ("encoder", "decoder")
CODE_HEADS = ("posterior", "smoother")
DISCRIMINATOR = ("trunk", "real", *CODE_HEADS)
GENERATOR = ("alignment", "generator")
RENDERING = ("encoder", *GENERATOR)

ALIGNMENT_STD, GAN_STD = 0.02, 0.05
"""Scale of the first weights of the alignment, and of the GAN's other networks."""


def build(config: TrainConfig) -> dict[str, nn.Module]:
    """The networks of a configuration, by name."""
    networks, latent = config.networks, config.latent_size
    code = latent + geometry.ORIGIN_SIZE
    side_px, channels = networks.side_px, networks.channels
    smallest = channels * depth_gan.SMALLEST_SIDE**2
    joints, hidden = networks.joints, networks.pose_hidden
    return {
        "encoder": pose_vae.PoseEncoder(joints, latent, hidden),
        "decoder": pose_vae.PoseDecoder(joints, latent, hidden),
        "alignment": depth_gan.Alignment(code),
        "generator": depth_gan.Generator(code, side_px, channels),
        "trunk": depth_gan.Trunk(channels),
        "real": depth_gan.RealHead(side_px, channels),
        "posterior": depth_gan.CodeHead(side_px, channels, code, code),
        "smoother": depth_gan.CodeHead(side_px, channels, smallest, code),
    }


def initialise(
    modules: Mapping[str, nn.Module], poses: Pose, sources: Sequence[torch.Generator]
) -> None:
    """Draw the first weights of every network.

    Args:
        modules: As `build` makes them; changed in place.
        poses: The labelled poses of the training split.
        sources: Random numbers of each network, in their order; those of the
            encoder serve the decoder too.
    """
    encoder, decoder = modules["encoder"], modules["decoder"]
    assert isinstance(encoder, pose_vae.PoseEncoder)
    assert isinstance(decoder, pose_vae.PoseDecoder)
    pose_vae.initialise(encoder, decoder, poses, sources[0])
    for (name, module), source in zip(modules.items(), sources, strict=True):
        if name not in VAE:
            std = ALIGNMENT_STD if name == "alignment" else GAN_STD
            depth_gan.initialise(module, source, std=std)
