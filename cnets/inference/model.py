"""A trained Crossing Net as one object: what prediction and export run.

No training state is here: the networks are ordinary modules in evaluation
mode. Where a model comes from is told by its name: `published:DIR` for the
authors' weight files (`published.py`), else the folder of a run or an export.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import nn

from cnets import geometry
from cnets.cameras import Camera
from cnets.config import TrainConfig
from cnets.hands.skeleton import Skeleton
from cnets.networks import pose_vae
from cnets.shapes import CentreMm, Depth, Joints, JointsMm


@dataclass(frozen=True, kw_only=True)
class Model:
    """Trained networks, the configuration they have, and the hand they know."""

    name: str
    """Where it came from, as it was asked for."""
    config: TrainConfig
    skeleton: Skeleton
    camera: Camera | None
    """The camera that it was trained for; None if that is not known."""
    hand: str | None = None
    """Which hand it reads, `right` or `left`; None if that is not known."""
    seen: str | None = None
    """As in `Subject`: test frames that it was trained on without labels."""
    modules: dict[str, nn.Module]
    """As `crossing_net.build` names them, in evaluation mode, float32."""

    def digest(self) -> str:
        """SHA-256 of every weight and running statistic."""
        digest = hashlib.sha256()
        for name, module in sorted(self.modules.items()):
            for part, tensor in sorted(module.state_dict().items()):
                digest.update(f"{name}.{part}".encode())
                digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    @torch.inference_mode()
    def read(self, depth: Depth) -> Joints:
        """Joints read from crops, units, relative to the crop's centre."""
        code = self.modules["posterior"](self.modules["trunk"](depth))
        size = self.config.latent_size
        pose = self.modules["decoder"](code[:, :size])
        return geometry.join_origin(pose, code[:, size:])

    @torch.inference_mode()
    def round_trip(self, joints_mm: JointsMm) -> JointsMm:
        """Labels through the pose VAE and back, millimetres, without noise.

        Args:
            joints_mm: NaN where a joint is not known; of a frame whose root is not
                known, NaN comes back.
        """
        centres = joints_mm[:, self.skeleton.root]
        units = geometry.to_units(joints_mm, centres)
        pose, origin = geometry.split_origin(units, self.skeleton.root)
        mean, _ = self.modules["encoder"](pose_vae.whole(pose))
        decoded = self.modules["decoder"](mean)
        return geometry.to_mm(geometry.join_origin(decoded, origin), centres)

    def predict(self, depth: Depth, centres_mm: CentreMm) -> JointsMm:
        """Joints in the camera frame, millimetres, y up.

        Args:
            depth: Crops as `crop.crop` makes them.
            centres_mm: The centres of their cubes.
        """
        return geometry.to_mm(self.read(depth), centres_mm)
