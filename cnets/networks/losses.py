"""The loss terms. A term knows neither its weight nor its schedule.

Which parameters a term may move is decided where it is used (`training.updates`);
here are only its values. Sums and means are those of the released code.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from cnets.shapes import Code, Depth, Joints, Pose, PoseCode, Scalar


def pose_reconstruction(
    decoded: Pose, pose: Pose, weight: Pose | None = None
) -> Scalar:
    """Half the squared error of the decoded poses, summed over the batch.

    Args:
        decoded: The decoder's poses.
        pose: The labels.
        weight: Of each number, 0 where it is not known (`frames.Frames.weight`);
            None is 1 for all.

    Source:
        Wan et al. 2017, L_vae, first part; a sum in the released code.
    """
    error = (decoded - pose).square()
    return 0.5 * (error if weight is None else weight * error).sum()


def kl_standard_normal(mean: PoseCode, log_variance: PoseCode) -> Scalar:
    """KL divergence of the posterior from N(0, I), summed over the batch.

    Source:
        Kingma and Welling 2014, arXiv:1312.6114, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum()


def judged_real(logits: Float[Tensor, " batch"]) -> Scalar:
    """Cross-entropy of images that should be judged real, mean over the batch."""
    return -functional.logsigmoid(logits).mean()


def judged_rendered(logits: Float[Tensor, " batch"]) -> Scalar:
    """Cross-entropy of images that should be judged rendered, mean over the batch.

    Source:
        Goodfellow et al. 2014, arXiv:1406.2661, the discriminator's side.
    """
    return -functional.logsigmoid(-logits).mean()


def feature_matching(
    real: Float[Tensor, "reals channels 4 4"],
    rendered: Float[Tensor, "fakes channels 4 4"],
) -> Scalar:
    """Mean absolute difference of the two batches' mean features.

    Source:
        Salimans et al. 2016, arXiv:1606.03498, section 3.1, with the absolute
        value of the released code.
    """
    return (real.mean(0) - rendered.mean(0)).abs().mean()


def depth_reconstruction(
    rendered: Depth, measured: Depth, *, ceiling: float = 1.0
) -> Scalar:
    """Mean squared depth error, each pixel held at `ceiling`.

    The ceiling keeps pixels that only one of the two hands covers (an error of
    up to 4) from outweighing all others; they have no gradient.

    Args:
        rendered: The generator's images.
        measured: The sensor's images of the same frames.
        ceiling: Most that one pixel may add, above 0.

    Returns:
        Mean over batch and pixels, in [0, `ceiling`].

    Raises:
        ValueError: If `ceiling` is not above 0.

    Source:
        Wan et al. 2017, L_recons with tau = 1; its printed max reads as min.
    """
    if not ceiling > 0:
        raise ValueError(f"`ceiling` must be above 0, got {ceiling}.")
    return (rendered - measured).square().clamp(max=ceiling).mean()


def smoothness_self(measured: Code, rendered: Code) -> Scalar:
    """Mean squared difference of the embeddings of an image and its rendering.

    Source:
        Wan et al. 2017, L_smo, d_self.
    """
    return (measured - rendered).square().mean()


def smoothness_mixed(measured: Code, rendered: Code, code: Code, mixed: Code) -> Scalar:
    """How far differences of embeddings are from differences of codes.

    Args:
        measured: Embedding of the real image.
        rendered: Embedding of the image rendered from the mixed code.
        code: Code of the real image.
        mixed: The mixed code.

    Returns:
        Mean over batch and code of ((code - mixed) - (measured - rendered))^2.

    Source:
        Wan et al. 2017, L_smo, d_comb.
    """
    return ((code - mixed) - (measured - rendered)).square().mean()


def posterior(read: Code, code: Code) -> Scalar:
    """Mean squared error of the code read from an image.

    Source:
        Wan et al. 2017, L_pos; the target is the sampled code.
    """
    return (read - code).square().mean()


def consistency(read: Joints, wanted: Joints) -> Scalar:
    """Mean squared difference of joints read in two ways, units squared.

    Source:
        Tarvainen and Valpola 2017, arXiv:1703.01780, equation 1.
    """
    return (read - wanted).square().mean()
