import math

import pytest

from cnets import presets
from cnets.training import train
from cnets.training.bank import Bank


def test_a_run_without_numbers_raises_after_its_report(hands):
    """A learning rate of 1e30 ends the run with the epoch and the figure."""
    wild = presets.preset("tiny").replace(
        {"networks.joints": 5, "vae.learning_rate": 1e30, "vae.steps": 3}
    )
    reports = []
    with pytest.raises(train.Diverged, match="not finite after epoch 1 of vae"):
        reports.extend(train.train(Bank(hands), wild))
    iterator = train.train(Bank(hands), wild)
    assert not math.isfinite(next(iterator).terms["pose_reconstruction"])


def test_a_collapse_is_said_and_ends_nothing(hands):
    """A run whose code drowns in noise says so at the VAE's end, and goes on."""
    drowned = presets.preset("tiny").replace(
        {
            "networks.joints": 5,
            "losses.kl": 1e3,
            "vae.epochs": 2,
            "gan.epochs": 0,
            "joint.epochs": 1,
            "joint.steps": 2,
        }
    )
    reports = list(train.train(Bank(hands), drowned))
    assert [r.stage for r in reports] == ["vae", "vae", "warm_up", "joint"]
    found = [r.finding and r.finding.state for r in reports]
    assert found == [None, "collapsed", "collapsed", "collapsed"]
