"""Curves of a stored search, a task a labelled ratio."""

import math

import numpy as np
import pytest

from harness.replay import stored
from results import Store


def test_a_search_by_hand(driven, make_report):
    """Trials by ratio, ranks of their parameters; short curves keep their last value."""
    for ends, state in [(3, ""), (9, ""), (2, "nan")]:
        for _ in range(2):  # one at each ratio
            name = driven.policy.propose().trial
            for step in range(1, ends + 1):
                error = 30.0 - step - float(name[-1])
                bad = state == "nan" and step == ends
                told = {"report": make_report(step, math.nan if bad else error)}
                if driven.policy.report(name, told).action == "stop":
                    break
    driven.writer.flush()
    first, second = stored.read(driven.store, "s")
    assert (first.task, second.task) == ("s@0.5", "s@1")
    assert "losses.kl" in first.names
    assert first.losses.shape == (3, 9)
    assert first.losses[0, 2:] == pytest.approx([26.0] * 7)
    assert np.isnan(first.losses[2, 1:]).all()
    assert first.points.shape == (3, len(first.names))


def test_a_search_without_curves_is_refused(driven):
    """As is one that is not there."""
    driven.policy.propose()
    driven.writer.flush()
    with pytest.raises(ValueError, match="`from` must have two trials of a ratio"):
        stored.read(driven.store, "s")
    with pytest.raises(ValueError, match="other"):
        stored.read(Store.open(driven.store.storage.root), "other")
