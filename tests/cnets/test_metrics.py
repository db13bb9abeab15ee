import pytest
import torch
from jaxtyping import TypeCheckError

from cnets import metrics


LABELS = torch.zeros(2, 2, 3)
PREDICTED = torch.tensor(
    [[[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 20.0], [0.0, 30.0, 0.0]]]
)


def test_distances_by_hand():
    """A 3-4-5 triangle, a hit, 20 and 30 millimetres."""
    errors = metrics.joint_errors(PREDICTED, LABELS)
    assert errors.tolist() == [[5.0, 0.0], [20.0, 30.0]]


def test_summary_by_hand():
    """Mean 55/4, worst joints 5 and 30; a joint at exactly 20 mm is within 20."""
    figures = metrics.summary(metrics.joint_errors(PREDICTED, LABELS))
    assert figures["mean_joint_error_mm"] == pytest.approx(13.75)
    assert figures["worst_joint_error_mm"] == pytest.approx(17.5)
    assert figures["frames_within_20mm"] == 0.5
    assert figures["frames_within_40mm"] == 1.0
    exact = metrics.summary(torch.tensor([[20.0]]))
    assert exact["frames_within_20mm"] == 1.0


def test_per_joint_by_hand():
    """Each joint's mean over the frames."""
    errors = metrics.joint_errors(PREDICTED, LABELS)
    assert metrics.per_joint(errors) == [12.5, 15.0]


def test_refuses_labels_of_another_shape():
    """One label is not silently compared with many."""
    with pytest.raises(TypeCheckError):
        metrics.joint_errors(PREDICTED, LABELS[:1])
