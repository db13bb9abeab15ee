import torch

from harness.evaluation import Evaluation


def test_the_curve_counts_frames_within_each_millimetre():
    """Worst joints of 2 and 5.4 mm; half a millimetre brings the second to 5."""
    errors = torch.tensor([[1.0, 2.0], [5.4, 0.0]], dtype=torch.float64)
    done = Evaluation(
        source="p.txt",
        data="nyu",
        joints=("wrist", "thumb"),
        errors=errors,
        plotted=errors,
        figures={},
        bonus_mm=0.5,
    )
    curve = done.curve()
    assert curve["threshold_mm"] == list(range(81))
    assert curve["frames_within"] == [0.0] * 2 + [0.5] * 3 + [1.0] * 76
