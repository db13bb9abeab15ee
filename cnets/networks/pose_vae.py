"""The pose VAE: a hand's joints to a small code and back.

Encoder and decoder are modules of their own, because the joint stage runs
one without the other.

Source:
    Wan et al. 2017, arXiv:1702.03431, section 3.1; layer sizes and
    initial values from the released code.
"""

import torch
from torch import Tensor, nn

from cnets.shapes import Pose, PoseCode


class PoseEncoder(nn.Module):
    """3J - hidden - (latent, latent), without batch norm."""

    def __init__(self, joints: int, latent_size: int, hidden: int) -> None:
        """`latent_size` numbers for `joints` joints."""
        super().__init__()
        self.hidden = nn.Linear(3 * joints, hidden)
        self.mean = nn.Linear(hidden, latent_size)
        self.log_variance = nn.Linear(hidden, latent_size)

    def forward(self, pose: Pose) -> tuple[PoseCode, PoseCode]:
        """Mean and log-variance of the posterior."""
        hidden = torch.relu(self.hidden(pose))
        return self.mean(hidden), self.log_variance(hidden)


class PoseDecoder(nn.Module):
    """Latent - hidden - 3J, without batch norm."""

    def __init__(self, joints: int, latent_size: int, hidden: int) -> None:
        """`joints` joints from `latent_size` numbers."""
        super().__init__()
        self.hidden = nn.Linear(latent_size, hidden)
        self.pose = nn.Linear(hidden, 3 * joints)

    def forward(self, code: PoseCode) -> Pose:
        """The pose that a code stands for, units."""
        return self.pose(nn.functional.leaky_relu(self.hidden(code), 0.01))


def whole(pose: Pose) -> Pose:
    """A pose as the encoder reads it: a joint that is NaN, not known, is at the root.

    That place is the same in every run and takes no label to know, and no known joint
    but the root lies there, so the encoder can tell the two apart.
    """
    return torch.where(pose.isnan(), 0.0, pose)


def sample_code(mean: PoseCode, log_variance: PoseCode, noise: PoseCode) -> PoseCode:
    """A code drawn from the posterior; zero noise gives its mean."""
    return mean + torch.exp(0.5 * log_variance) * noise


@torch.no_grad()
def initialise(
    encoder: PoseEncoder, decoder: PoseDecoder, poses: Pose, generator: torch.Generator
) -> None:
    """Draw the weights, then lay the poses' principal components over them.

    The first layer and the last hold the components, as in the released code;
    where the poses span fewer directions than there are hidden units, the
    random weights stay.

    Args:
        encoder: Changed in place.
        decoder: Changed in place.
        poses: The labelled poses of the training split.
        generator: Source of the random weights.
    """
    for layer in (*encoder.children(), *decoder.children()):
        assert isinstance(layer, nn.Linear)
        layer.weight.normal_(0, 0.01, generator=generator)
        layer.bias.zero_()
    components = principal_components(poses, encoder.hidden.out_features)
    encoder.hidden.weight[: len(components)] = components
    decoder.pose.weight[:, : len(components)] = components.T


def principal_components(poses: Pose, most: int) -> Tensor:
    """Directions of largest variance, one a row, largest first.

    The sign of each is fixed (its largest entry is positive), so the result
    does not depend on the linear-algebra library.

    Args:
        poses: The points; their mean is subtracted. NaN counts as the mean.
        most: How many directions to return at most.

    Returns:
        At most `most` orthonormal rows: as many as the poses span.
    """
    points = poses.double()
    centred = points - points.nanmean(0)
    centred = torch.where(points.isnan(), 0.0, centred)
    _, sizes, rows = torch.linalg.svd(centred, full_matrices=False)
    rank = int((sizes > 1e-6 * sizes.amax().clamp(min=1e-30)).sum())
    rows = rows[: min(most, rank)]
    peaks = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return (rows * peaks.sign()).to(poses.dtype)
