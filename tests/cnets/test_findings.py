"""Tests of `cnets.findings`: the sentence of a finding, and what it loads."""

import subprocess
import sys

from cnets.findings import Finding


def finding(**changes) -> Finding:
    """A collapse of three epochs, with some fields changed."""
    values = {
        "rule": "mode collapse",
        "state": "collapsed",
        "figure": "image_spread_ratio",
        "value": 0.03125,
        "limit": 0.1,
        "epochs": 3,
    }
    return Finding(**values | changes)


class TestReason:
    def test_of_a_collapse(self):
        """Rule, figure, value, limit and the number of epochs are in it."""
        assert finding().reason == (
            "mode collapse: `image_spread_ratio` was 0.0312, below 0.1 for 3 epochs,"
        )

    def test_of_one_epoch(self):
        """One epoch is no plural."""
        assert finding(epochs=1).reason.endswith("below 0.1 for 1 epoch,")

    def test_of_a_divergence(self):
        """The figure and its value are enough."""
        wild = finding(state="diverged", figure="kl", value=float("nan"))
        assert wild.reason == "`kl` was nan"


def test_it_loads_neither_torch_nor_numpy():
    """A reader of reports needs nothing but the standard library."""
    probe = "import cnets.findings, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert {"torch", "numpy", "jaxtyping"} & set(done.stdout.split()) == set()
