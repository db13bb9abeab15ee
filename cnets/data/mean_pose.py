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
    the configuration may use.
    """
    labelled = data.labelled(config.labelled_ratio, config.label_seed)
    joints, rows = list(data.evaluated), data.rows(split)
    relative = data.joints_mm - data.centres_mm[:, None]
    mean = relative[labelled][:, joints].mean(0, dtype=np.float64)
    difference = relative[rows][:, joints] - mean
    return float(np.linalg.norm(difference, axis=-1).mean())
