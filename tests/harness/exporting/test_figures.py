import dataclasses
from pathlib import Path

import numpy as np
import pytest

from cnets.inference import models, onnx_graph
from harness.exporting import figures


@pytest.fixture
def store(tmp_path) -> Path:
    """Where this test's search is."""
    return tmp_path / "runs"


def test_a_graph_of_other_weights_is_not_exported(train, store):
    """The comparison finds that the graph is not this model's."""
    trained = train(store, steps=2)
    graph = onnx_graph.graph(models.of_lane("before", trained.lane))
    trained.advance()
    after = models.of_lane("after", trained.lane)
    with pytest.raises(ValueError, match=r"within 0\.001 mm, and differs by"):
        figures.measure(after, graph, None)


def test_data_without_test_frames_are_refused(train, store):
    """There would be nothing to measure on."""
    trained = train(store, steps=1)
    data = trained.bank.data
    none = dataclasses.replace(data, split=np.zeros_like(data.split))
    model = models.of_lane("run", trained.lane)
    with pytest.raises(ValueError, match="`data` must have test frames"):
        figures.measure(model, b"", none)


def test_rendered_hands_stand_in_for_data(store, train):
    """Without data the graph is compared on 24 of them; no error is measured."""
    model = models.of_lane("run", train(store, steps=1).lane)
    measured = figures.measure(model, onnx_graph.graph(model), None)
    assert measured["onnx_frames"] == 24
    assert 0 <= measured["onnx_difference_mm"] <= 1e-3
    assert "mean_joint_error_mm" not in measured
    whole = sum(p.numel() for m in model.modules.values() for p in m.parameters())
    assert 0 < measured["parameters_of_prediction"] < measured["parameters"] == whole
