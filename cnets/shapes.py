"""The vocabulary: every array's name, shape and unit. Read this first.

Two frames and two scales occur. Millimetres live in the camera frame (x right,
y up, z away from the camera); *units* are millimetres relative to the centre of
the crop, divided by 50 (`geometry.MM_PER_UNIT`), which is what the networks see.
"""

from jaxtyping import Float, Int
from torch import Tensor


Scalar = Float[Tensor, ""]
"""One number."""

Depth = Float[Tensor, "batch 1 side side"]
"""Depth crops in [-1, 1]: nearest pixel of the hand -1, background +1."""

DepthMm = Float[Tensor, "batch height width"]
"""Depth images, millimetres; 0 where nothing was seen."""

JointsMm = Float[Tensor, "batch joints 3"]
"""Joint positions, millimetres, camera frame (x right, y up, z away)."""

JointsPx = Float[Tensor, "batch joints 2"]
"""Joint positions in an image, pixels (u right, v down)."""

CentreMm = Float[Tensor, "batch 3"]
"""Centre of the crop cube, millimetres, camera frame."""

Joints = Float[Tensor, "batch joints 3"]
"""Joint positions, units, relative to the centre of the crop."""

Pose = Float[Tensor, "batch pose"]
"""Joint positions, units, relative to the root joint, flattened (3 a joint)."""

Origin = Float[Tensor, "batch 3"]
"""Root joint, units, relative to the centre of the crop."""

PoseCode = Float[Tensor, "batch latent"]
"""What the pose VAE encodes a pose to."""

Code = Float[Tensor, "batch code"]
"""The shared latent: a pose code and an origin side by side (latent + 3)."""

Features = Float[Tensor, "batch channels 4 4"]
"""Last convolutional map of a discriminator head."""

Index = Int[Tensor, " batch"]
"""Rows of a data set."""
