from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

from cnets import geometry
from cnets.cameras import CAMERAS
from cnets.data.crops import crop
from cnets.inference import onnx_graph, published
from cnets.inference.model import Model


WEIGHTS = "crossingnet_weights/NYU_pretrained"


@pytest.fixture(scope="module")
def authors() -> Model:
    """The authors' networks for NYU."""
    folder = Path(__file__).parents[4] / "shared" / "realdata" / WEIGHTS
    if not folder.is_dir():
        pytest.skip("real data are missing: no folder ../shared/realdata")
    return published.load(str(folder))


@pytest.fixture(scope="module")
def content(authors) -> bytes:
    """Their posterior path as a graph."""
    return onnx_graph.graph(authors)


@pytest.fixture
def real(realdata) -> tuple[torch.Tensor, torch.Tensor]:
    """Real crops of the first NYU test frame, about four centres near the hand's."""
    with Image.open(realdata / "nyu" / "frames" / "depth_1_0000001.png") as picture:
        _, high, low = np.moveaxis(np.asarray(picture.convert("RGB"), np.int64), 2, 0)
    frame = (high * 256 + low).astype(np.float32)
    lines = (realdata / "nyu" / "centers" / "nyu_center.txt").read_text().splitlines()
    uvd = np.array(lines[0].split(), np.float32)
    shifts = np.array([[0, 0, 0], [6, 0, 5], [0, -9, -10], [-12, 4, 20]], np.float32)
    camera = CAMERAS["nyu"]
    depth = [crop.crop(frame, uvd + shift, camera, 128) for shift in shifts]
    places = torch.from_numpy(uvd + shifts)[:, None]
    centre_mm = geometry.to_mm_from_uvd(places, camera)[:, 0]
    return torch.from_numpy(np.stack(depth))[:, None], centre_mm


def run(content: bytes, depth: torch.Tensor, centre_mm: torch.Tensor) -> np.ndarray:
    """What onnxruntime gives on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"]
    )
    feed = {"depth": depth.numpy(), "centre_mm": centre_mm.numpy()}
    return session.run(["joints_mm"], feed)[0]


class TestGraph:
    def test_gives_the_models_joints_on_real_crops(self, authors, content, real):
        """Batches of four and of one agree with torch to 1e-3 mm."""
        depth, centre_mm = real
        wanted = authors.predict(depth, centre_mm).numpy()
        assert wanted.std() > 10
        np.testing.assert_allclose(
            run(content, depth, centre_mm), wanted, rtol=0, atol=1e-3
        )
        one = run(content, depth[2:3], centre_mm[2:3])
        np.testing.assert_allclose(one, wanted[2:3], rtol=0, atol=1e-3)

    def test_its_face_is_what_the_card_says(self, authors, content):
        """Names, sizes and a free batch; the joints' names are inside."""
        made = onnx.load_model_from_string(content)
        shapes = {
            value.name: [
                d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim
            ]
            for value in (*made.graph.input, *made.graph.output)
        }
        assert shapes == {
            "depth": ["batch", 1, 128, 128],
            "centre_mm": ["batch", 3],
            "joints_mm": ["batch", 36, 3],
        }
        about = {entry.key: entry.value for entry in made.metadata_props}
        assert about["joint_names"].split(",") == list(authors.skeleton.joint_names)

    def test_it_is_the_folded_network(self, content):
        """Five convolutions and no batch norm, in nodes that any runtime knows."""
        made = onnx.load_model_from_string(content)
        kinds = [node.op_type for node in made.graph.node]
        assert kinds.count("Conv") == 5
        assert "BatchNormalization" not in kinds
        assert {node.domain for node in made.graph.node} <= {"", "ai.onnx"}
        assert len(made.functions) == 0

    def test_it_tells_nothing_about_this_machine(self, content):
        """No path, module or source line of the exporter is in the bytes."""
        for word in (b"/cnets", b"site-packages", b".py", b"stack_trace", b"/home"):
            assert word not in content

    def test_a_second_export_gives_the_same_bytes(self, authors, content):
        """The graph is a function of the model."""
        assert onnx_graph.graph(authors) == content


class TestDifference:
    def test_is_small_for_the_models_own_graph(self, authors, content, real):
        """Rounding only."""
        found = onnx_graph.difference_mm(content, authors, *real)
        assert 0 < found < 1e-3

    def test_finds_one_bias_that_is_off(self, authors, content, real):
        """A millimetre on one coordinate of one joint is a millimetre."""
        made = onnx.load_model_from_string(content)
        last = next(t for t in made.graph.initializer if t.name == "pose.bias")
        values = onnx.numpy_helper.to_array(last).copy()
        values[40] += 1
        last.CopyFrom(onnx.numpy_helper.from_array(values, last.name))
        found = onnx_graph.difference_mm(made.SerializeToString(), authors, *real)
        assert found == pytest.approx(1, abs=2e-3)

    def test_is_the_largest_of_all_frames(self, authors, content, real):
        """With other weights, frames differ unequally; the first is not the worst."""
        made = onnx.load_model_from_string(content)
        last = next(t for t in made.graph.initializer if t.name == "hidden.weight")
        values = onnx.numpy_helper.to_array(last) * np.float32(1.1)
        last.CopyFrom(onnx.numpy_helper.from_array(values, last.name))
        changed = made.SerializeToString()
        apart = np.abs(run(changed, *real) - authors.predict(*real).numpy()).max((1, 2))
        assert apart.argmax() > 0
        found = onnx_graph.difference_mm(changed, authors, *real)
        assert found == pytest.approx(apart.max(), abs=1e-3)
        assert found > apart[0] + 0.1

    def test_is_no_number_where_the_graph_gives_none(self, authors, content, real):
        """NaN is not taken for agreement."""
        made = onnx.load_model_from_string(content)
        last = next(t for t in made.graph.initializer if t.name == "pose.bias")
        values = np.full(108, np.nan, np.float32)
        last.CopyFrom(onnx.numpy_helper.from_array(values, last.name))
        found = onnx_graph.difference_mm(made.SerializeToString(), authors, *real)
        assert not found <= 1e9


def test_missing_names_what_is_not_installed(monkeypatch):
    """All of the extra is here; a package that does not exist would be named."""
    assert onnx_graph.missing() == ()
    monkeypatch.setattr(onnx_graph, "PACKAGES", ("onnx", "no_such_package_here"))
    assert onnx_graph.missing() == ("no_such_package_here",)
