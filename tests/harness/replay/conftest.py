"""Small tasks for the simulated clock."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from harness.replay.curves import Curves


def task(ratios=(1.0,), configurations=60, epochs=10, seed=0) -> Curves:
    """Curves that fall to the distance of a configuration from (0.7, 0.3)."""
    points = np.random.default_rng(seed).random((configurations, 2))
    ends = np.hypot(points[:, 0] - 0.7, points[:, 1] - 0.3)
    falls = 1.0 + 1.0 / np.arange(1, epochs + 1)
    losses = np.concatenate([(2 - ratio) * ends[:, None] * falls for ratio in ratios])
    return Curves("hills", ("x", "y"), points, losses, ratios)


def written(path: Path, configurations=12, epochs=5) -> Path:
    """A file in TaskSet's form; the first configuration diverges."""
    content = [
        {
            "hp": {"rate": 10.0 ** -(number % 5), "decay": float(number)},
            "valid": {"loss": [number + 1 / (t + 1) for t in range(epochs)]},
        }
        for number in range(configurations)
    ]
    content[0]["valid"]["loss"][2:] = [float("nan")] * (epochs - 2)
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    return path


@pytest.fixture
def make_task():
    """Makes curves."""
    return task


@pytest.fixture
def write_curves():
    """Writes a file of curves."""
    return written
