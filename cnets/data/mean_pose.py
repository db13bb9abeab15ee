"""The baseline of a model that knows where the hand is and nothing else.

The mean is that of the training labels. Of a set of labels alone, without training
frames, `metrics.mean_pose_errors` gives another baseline.
"""

import numpy as np

from cnets.config import TrainConfig
from cnets.data.hand_data import HandData


def error_mm(data: HandData, config: TrainConfig, split: str) -> float:
    """Error of always predicting the mean of the labelled poses, millimetres.

    The mean is taken relative to the centre of the crop, over the labels that
    the configuration may use; a joint that none of them shows is put there. Joints
    that a frame of the split does not show are left out.

    Raises:
        ValueError: As `HandData.labelled`.
    """
    choice = (config.labelled_ratio, config.label_seed, config.labels.choice)
    labelled = data.labelled(*choice)
    joints, rows = list(data.evaluated), data.rows(split)
    relative = data.joints_mm - data.centres_mm[:, None]
    poses = relative[labelled][:, joints]
    known = ~np.isnan(poses)
    total = np.where(known, poses, 0).sum(0, dtype=np.float64)
    difference = relative[rows][:, joints] - total / np.maximum(known.sum(0), 1)
    return float(np.nanmean(np.linalg.norm(difference, axis=-1)))
