"""A data set as the networks see it: poses in units, and crops on the device.

Crops stay where the data set keeps them, or on a GPU with enough memory. Which
rows an update sees is decided by `draws`.
"""

import numpy as np
import torch
from torch import Tensor

from cnets import geometry
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.networks import pose_vae
from cnets.shapes import Origin, Pose


ROWS_AT_ONCE = 1024
"""Crops that are moved to the device at once."""

USUAL_CENTRE_MM = (0.0, 0.0, 700.0)
"""Centre of a crop whose own is not kept, millimetres, camera frame."""

RESIDENT_SHARE = 0.5
"""Most of the device's free memory that the crops may take."""


class Frames:
    """A data set as the networks see it: poses in units, crops on demand."""

    def __init__(
        self,
        data: HandData,
        device: torch.device,
        dtype: torch.dtype,
        *,
        resident: bool | None = None,
    ) -> None:
        """Compute poses and origins once.

        Args:
            data: The data set.
            device: Where batches are wanted.
            dtype: Kind of number that they are wanted in.
            resident: Whether all crops are kept on the device, as they are on
                disk; None keeps them on a GPU whose free memory they fill to
                `RESIDENT_SHARE` at most.
        """
        self.data = data
        self.device, self.dtype = device, dtype
        joints_mm = torch.tensor(data.joints_mm)
        self.centres_mm = torch.tensor(data.centres_mm)
        units = geometry.to_units(joints_mm, self.centres_mm)
        pose, origin = geometry.split_origin(units, data.root)
        crops = len(pose) + len(data.unlabelled)
        self.more = np.arange(crops, crops + len(data.more_poses_mm))
        """Rows of the poses without images, behind all crops."""
        if len(self.more):
            pose, origin = _with_more(data, pose, origin)
        self.pose = pose_vae.whole(pose).to(device, dtype)
        """Poses as the encoder reads them."""
        self.weight = _weight(pose, device, dtype)
        """What each number of a pose counts for in a loss; None if 1 for all."""
        self.origin = origin.to(device, dtype)
        self.centres = _every_centre(data, device, dtype)
        """Centres of all crops; of those without labels and of poses, a usual one."""
        self._labelled: dict[tuple[float, int, str], np.ndarray] = {}
        self.resident = _fits(data, device) if resident is None else resident
        self._kept = _all_crops(data, device) if self.resident else None

    def labelled(self, config: TrainConfig) -> np.ndarray:
        """Rows whose labels a configuration may use, ascending."""
        choice = (config.labelled_ratio, config.label_seed, config.labels.choice)
        if choice not in self._labelled:
            self._labelled[choice] = self.data.labelled(*choice)
        return self._labelled[choice]

    def known_pose(self, rows: np.ndarray) -> Pose:
        """Poses of the given rows, NaN where a joint is not known."""
        pose = self.pose[rows]
        if self.weight is None:
            return pose
        return torch.where(self.weight[rows] > 0, pose, torch.nan)

    def depth(self, rows: np.ndarray | Tensor) -> Tensor:
        """Crops of the given rows, [*rows, 1, side, side]."""
        if self._kept is not None:
            index = torch.as_tensor(rows, device=self.device)
            return self._kept[index].to(self.dtype).unsqueeze(-3)
        index = rows.cpu().numpy() if isinstance(rows, Tensor) else rows
        crops = torch.from_numpy(self._crops(index))
        return crops.to(self.device, self.dtype).unsqueeze(-3)

    def _crops(self, rows: np.ndarray) -> np.ndarray:
        labelled = len(self.data.crops)
        if not len(self.data.unlabelled) or rows.max(initial=0) < labelled:
            return np.take(self.data.crops, rows, axis=0)
        found = np.take(self.data.crops, np.minimum(rows, labelled - 1), axis=0)
        beyond = rows >= labelled
        found[beyond] = self.data.unlabelled[rows[beyond] - labelled]
        return found


def _with_more(data: HandData, pose: Pose, origin: Origin) -> tuple[Tensor, Tensor]:
    """Poses and origins of all crops, NaN without a label, then of the poses without.

    Those are put at the centre of a crop: where they are says nothing.
    """
    units = torch.from_numpy(data.more_poses_mm) / geometry.MM_PER_UNIT
    more, at = geometry.split_origin(units, data.root)
    between = pose.new_full((len(data.unlabelled), pose.shape[1]), torch.nan)
    nowhere = origin.new_full((len(data.unlabelled), origin.shape[1]), torch.nan)
    return torch.cat([pose, between, more]), torch.cat([origin, nowhere, 0 * at])


def _every_centre(data: HandData, device: torch.device, dtype: torch.dtype) -> Tensor:
    count = len(data.unlabelled) + len(data.more_poses_mm)
    more = torch.tensor(USUAL_CENTRE_MM).expand(count, 3)
    return torch.cat([torch.tensor(data.centres_mm), more]).to(device, dtype)


def _weight(pose: Pose, device: torch.device, dtype: torch.dtype) -> Pose | None:
    """0 for a joint that is not known; the others of its frame count for it.

    So each frame weighs as much as a whole one, whose weights are exactly 1. Frames
    without a label have NaN: no loss may see them.
    """
    known = (~pose.isnan()).to(device, dtype)
    return None if bool(known.all()) else known / known.mean(1, keepdim=True)


def _fits(data: HandData, device: torch.device) -> bool:
    """Whether the crops leave a GPU enough of its free memory."""
    if device.type != "cuda":
        return False
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return data.crops.nbytes + data.unlabelled.nbytes <= RESIDENT_SHARE * free_bytes


def _all_crops(data: HandData, device: torch.device) -> Tensor:
    """All crops as they are on disk, those without labels last."""
    parts = [p for p in (data.crops, data.unlabelled) if len(p)]
    shape = (sum(map(len, parts)), *data.crops.shape[1:])
    kind = torch.from_numpy(data.crops[:0].copy()).dtype
    kept = torch.empty(shape, dtype=kind, device=device)
    start = 0
    for part in parts:
        for first in range(0, len(part), ROWS_AT_ONCE):
            some = torch.from_numpy(part[first : first + ROWS_AT_ONCE].copy())
            kept[start : start + len(some)] = some.to(device)
            start += len(some)
    return kept
