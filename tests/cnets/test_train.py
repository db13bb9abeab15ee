import math

import pytest

from cnets import config, train
from cnets.bank import Bank, EpochReport


def report(**changes) -> EpochReport:
    """A sound report, but for the changes."""
    values = {
        "stage": "joint",
        "epoch": 1,
        "epochs": 2,
        "terms": {"posterior": 0.5},
        "metrics": {"mean_joint_error_mm": 20.0},
        "seconds": 0.1,
    }
    return EpochReport(**(values | changes))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_finite_names_the_figure(value):
    """Terms and metrics are looked at alike."""
    assert train.not_finite(report()) is None
    assert train.not_finite(report(terms={"kl": value})) == "kl"
    found = train.not_finite(report(metrics={"mean_joint_error_mm": value}))
    assert found == "mean_joint_error_mm"


def test_a_run_without_numbers_raises_after_its_report(hands):
    """A learning rate of 1e30 ends the run with the epoch and the figure."""
    wild = config.preset("tiny").replace(
        {"networks.joints": 5, "vae.learning_rate": 1e30, "vae.steps": 3}
    )
    reports = []
    with pytest.raises(train.Diverged, match="not finite after epoch 1 of vae"):
        reports.extend(train.train(Bank(hands), wild))
    iterator = train.train(Bank(hands), wild)
    assert not math.isfinite(next(iterator).terms["pose_reconstruction"])
