"""What a lane's networks do on a data set, without training them.

Running statistics are used and left alone, and nothing is drawn, so that judging
changes no run. The rules that judge the figures of health are in `health.rules`.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from cnets import geometry, metrics
from cnets.config import TrainConfig
from cnets.shapes import JointsMm
from cnets.training.batches.frames import Frames
from cnets.training.epoch_report import Beat, silent
from cnets.training.health import figures
from cnets.training.lanes.lane import Lane, run


ROWS_AT_ONCE = 256
"""Images that an evaluation holds in memory."""


class Judge:
    """Runs the networks of any lane of one bank."""

    def __init__(
        self, frames: Frames, modules: Callable[[TrainConfig], dict[str, nn.Module]]
    ) -> None:
        """Hold the data.

        Args:
            frames: The data set, on the device where the lanes are.
            modules: Gives the networks of a shape; their weights are not used.
        """
        self._frames, self._modules = frames, modules

    def predict(self, lane: Lane, rows: np.ndarray, beat: Beat = silent) -> JointsMm:
        """Joints read from depth crops, millimetres, camera frame, y up.

        Args:
            lane: Its trunk, posterior head and decoder are used.
            rows: Frames of the data set.
            beat: Called as the work goes on.
        """
        parts = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            parts.append(self._read(lane, self._frames.depth(part)).cpu())
            beat()
        units = torch.cat(parts)
        return geometry.to_mm(units.float(), self._frames.centres_mm[rows])

    def evaluate(self, lane: Lane, split: str, beat: Beat = silent) -> metrics.Errors:
        """Error of each evaluated joint on each frame of a split, millimetres.

        NaN where the label is not known; see `metrics.joint_errors`.
        """
        rows = self._frames.data.rows(split)
        joints = list(self._frames.data.evaluated)
        labels = torch.tensor(self._frames.data.joints_mm[rows][:, joints])
        return metrics.joint_errors(self.predict(lane, rows, beat)[:, joints], labels)

    def floor(self, lane: Lane, split: str) -> metrics.Errors:
        """What the pose VAE alone loses of each evaluated joint, millimetres.

        Labels go through encoder and decoder without noise, and the origin is the
        label's: a perfect posterior would err by as much. NaN where the label is not
        known.
        """
        rows = self._frames.data.rows(split)
        joints = list(self._frames.data.evaluated)
        mean, _ = self._run(lane, "encoder", self._frames.pose[rows])
        pose = self._run(lane, "decoder", mean)
        units = geometry.join_origin(pose, self._frames.origin[rows]).cpu()
        found = geometry.to_mm(units.float(), self._frames.centres_mm[rows])
        labels = torch.tensor(self._frames.data.joints_mm[rows][:, joints])
        return metrics.joint_errors(found[:, joints], labels)

    def floor_figure(self, lane: Lane) -> dict[str, float]:
        """`vae_floor_mm`, the mean of `floor` in validation; none without a frame."""
        errors = self.floor(lane, "validation")
        return {"vae_floor_mm": float(errors.double().nanmean())} if len(errors) else {}

    def render(self, lane: Lane, code: Tensor) -> Tensor:
        """Depth crops that the generator paints for codes, in [-1, 1]."""
        aligned = self._run(
            lane, "alignment", code.to(self._frames.device, self._frames.dtype)
        )
        return self._run(lane, "generator", aligned).cpu()

    def codes(self, lane: Lane, rows: np.ndarray) -> Tensor:
        """Codes of labelled frames, without sampling noise."""
        mean, _ = self._run(lane, "encoder", self._frames.pose[rows])
        return torch.cat([mean, self._frames.origin[rows]], 1)

    def health(self, lane: Lane) -> dict[str, float]:
        """Figures of collapse on a few validation frames, spread over the split.

        Running statistics are used and left alone, and nothing is drawn, so
        that measuring changes no run.

        Returns:
            `active_units`; after the VAE's stage also `code_spread_ratio` (pose
            codes read from images against the encoder's) and
            `image_spread_ratio` (images rendered from the encoder's codes
            against the measured ones). None of them where the split has one frame:
            each is about differences between frames.
        """
        rows = self._frames.data.rows("validation")
        if len(rows) < 2:
            return {}
        count = min(figures.FRAMES, len(rows))
        rows = rows[np.linspace(0, len(rows) - 1, count).astype(int)]
        pose, size = self._frames.pose[rows], lane.config.latent_size
        mean, log_variance = self._run(lane, "encoder", pose)
        noise_std = lane.config.vae.noise_std
        active = figures.active_units(mean, log_variance, noise_std=noise_std)
        measured = {"active_units": active}
        if lane.stage == "vae":
            return measured
        depth = self._frames.depth(rows)
        read = self._run(lane, "posterior", self._run(lane, "trunk", depth))
        rendered = self.render(lane, torch.cat([mean, self._frames.origin[rows]], 1))
        return measured | {
            "code_spread_ratio": figures.spread_ratio(read[:, :size], mean),
            "image_spread_ratio": figures.spread_ratio(rendered, depth),
        }

    def validated(self, lane: Lane, beat: Beat) -> dict[str, float]:
        """Validation figures of an epoch; none before the warm-up."""
        if lane.stage in ("vae", "gan"):
            return {}
        return metrics.summary(self.evaluate(lane, "validation", beat))

    @torch.no_grad()
    def _run(self, lane: Lane, name: str, *inputs: Tensor):  # noqa: ANN202
        module = self._modules(lane.config)[name].eval()
        try:
            return run(module, lane.net(name, module), *inputs)
        finally:  # other lanes use it too, also after this one ran out of memory
            module.train()

    def _read(self, lane: Lane, depth: Tensor) -> Tensor:
        code = self._run(lane, "posterior", self._run(lane, "trunk", depth))
        size = lane.config.latent_size
        pose = self._run(lane, "decoder", code[:, :size])
        return geometry.join_origin(pose, code[:, size:])
