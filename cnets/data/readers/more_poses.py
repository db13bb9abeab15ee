"""Poses without images, for the pose VAE alone: one array in a `.npy` file.

They may come from motion capture, another data set or a hand model. The array is
[poses, joints, 3] in millimetres; its axes are the camera's (x right, y up, z away), its
joints those of the data in their order, and its hand is the one that the crops show,
after any mirroring. Where the hand is does not matter: a pose is taken relative to its
root joint, as the data's own are.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from cnets.hands.skeleton import Skeleton


SIZES = (0.5, 2.0)
"""How large these hands may be, as a factor on the size of the data's."""


def read(
    path: Path, skeleton: Skeleton, joints_mm: Float[np.ndarray, "frames joints 3"]
) -> Float[np.ndarray, "poses joints 3"]:
    """The poses of a file, float32.

    Args:
        path: The file.
        skeleton: Of the data.
        joints_mm: The data's own poses, NaN where a joint is not known; their size is
            compared, so that another unit is told.

    Raises:
        ValueError: If the file cannot be read, or holds no poses of such hands.
    """
    joints = len(skeleton.joint_names)
    rule = f"`poses` must be a .npy file of [poses, {joints} joints, 3] in millimetres"
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise ValueError(f"{rule}, got {str(path)!r}: {reason or error}.") from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fi":
        raise ValueError(f"{rule}, got {str(path)!r}, which is no array of numbers.")
    if found.ndim != 3 or found.shape[1:] != (joints, 3) or not len(found):
        raise ValueError(f"{rule}, got {str(path)!r} of shape {list(found.shape)}.")
    finite = np.isfinite(found).all((1, 2))
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(f"{path} must hold finite numbers, and pose {row} does not.")
    ratio = _size_mm(found, skeleton.root) / _size_mm(joints_mm, skeleton.root)
    if not SIZES[0] <= ratio <= SIZES[1]:
        raise ValueError(
            f"{path} must hold hands in millimetres with the joints of the data, "
            f"{skeleton.name}, and its hands are {ratio:.3g} times as large."
        )
    return found.astype(np.float32)


def _size_mm(joints_mm: np.ndarray, root: int) -> float:
    """Median distance of a joint from the root."""
    distances = np.linalg.norm(joints_mm - joints_mm[:, root, None], axis=-1)
    return float(np.nanmedian(np.delete(distances, root, axis=1)))
