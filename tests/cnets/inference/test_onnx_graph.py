from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from jaxtyping import TypeCheckError
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


class TestPredictor:
    @pytest.mark.parametrize("frames", [1, 2, 40])
    def test_equals_the_model_on_the_authors_weights(self, authors, frames, crops):
        """Alone and in a batch, every coordinate is the same to 1e-3 mm."""
        depth, centres = crops(frames, 128)
        found = onnx_graph.predictor(authors)(depth, centres)
        wanted = authors.predict(depth, centres)
        assert wanted.std() > 10
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)

    def test_equals_the_network_in_float64(self, authors, crops, in_float64):
        """The authors' weights, layer by layer in float64: 1e-3 mm."""
        depth, centres = crops(4, 128)
        found = onnx_graph.predictor(authors)(depth, centres)
        wanted = in_float64(authors, depth, centres)
        torch.testing.assert_close(found.double(), wanted, rtol=0, atol=1e-3)

    def test_equals_another_network_in_float64(self, model, crops, in_float64):
        """Random weights, another hand, crops of 32 px: fewer convolutions."""
        depth, centres = crops(5, 32)
        found = onnx_graph.predictor(model)(depth, centres)
        assert found.shape == (5, 21, 3)
        wanted = in_float64(model, depth, centres)
        torch.testing.assert_close(found.double(), wanted, rtol=0, atol=1e-3)

    def test_moving_the_centre_moves_the_joints(self, model, device, crops):
        """Joints follow the centre of the cube, millimetre by millimetre."""
        depth, centres = (part.to(device) for part in crops(2, 32))
        predict = onnx_graph.predictor(model, device)
        shift = torch.tensor([1.0, -2.0, 3.0], device=device)
        moved = predict(depth, centres + shift) - predict(depth, centres)
        wanted = shift.expand(2, 21, 3)
        torch.testing.assert_close(moved, wanted, rtol=0, atol=1e-3)

    def test_another_device_has_copies(self, model):
        """The modules that were passed in stay where they are."""
        predict = onnx_graph.predictor(model, "meta")
        depth = torch.ones(1, 1, 32, 32, device="meta")
        assert predict(depth, torch.ones(1, 3, device="meta")).device.type == "meta"
        for module in model.modules.values():
            assert {p.device.type for p in module.parameters()} == {"cpu"}

    def test_crops_and_centres_must_be_of_the_same_frames(self, model, crops):
        """Two crops and three centres are refused, not broadcast."""
        depth, _ = crops(2, 32)
        _, centres = crops(3, 32)
        with pytest.raises(TypeCheckError):
            onnx_graph.predictor(model)(depth, centres)

    def test_units_are_those_of_the_crop(self, model, crops):
        """With weights of zero the joints lie where the biases put them."""
        for part in ("trunk", "posterior", "decoder"):
            for tensor in model.modules[part].state_dict().values():
                tensor.zero_()
        model.modules["posterior"].read.bias[-3:] = torch.tensor([1.0, 0.0, -2.0])
        model.modules["decoder"].pose.bias[3:6] = torch.tensor([0.5, 0.0, 0.0])
        depth, centres = crops(1, 32)
        found = onnx_graph.predictor(model)(depth, centres)[0] - centres
        unit = geometry.MM_PER_UNIT
        wanted = torch.tensor([unit, 0.0, -2 * unit]).repeat(21, 1)
        wanted[1, 0] += unit / 2
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)


class TestGraph:
    def test_gives_the_models_joints_on_real_crops(self, authors, content, real):
        """Batches of four and of one agree with torch to 1e-3 mm."""
        depth, centre_mm = real
        run, wanted = onnx_graph.session(content), authors.predict(depth, centre_mm)
        assert wanted.std() > 10
        found = run(depth, centre_mm)
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)
        one = run(depth[2:3], centre_mm[2:3])
        torch.testing.assert_close(one, wanted[2:3], rtol=0, atol=1e-3)

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
        last = next(t for t in made.graph.initializer if t.name == "pose_bias")
        values = onnx.numpy_helper.to_array(last).copy()
        values[40] += 1
        last.CopyFrom(onnx.numpy_helper.from_array(values, last.name))
        found = onnx_graph.difference_mm(made.SerializeToString(), authors, *real)
        assert found == pytest.approx(1, abs=2e-3)

    def test_is_the_largest_of_all_frames(self, authors, content, real):
        """With other weights, frames differ unequally; the first is not the worst."""
        made = onnx.load_model_from_string(content)
        last = next(t for t in made.graph.initializer if t.name == "hidden_weight")
        values = onnx.numpy_helper.to_array(last) * np.float32(1.1)
        last.CopyFrom(onnx.numpy_helper.from_array(values, last.name))
        changed = made.SerializeToString()
        found = onnx_graph.session(changed)(*real)
        apart = (found - authors.predict(*real)).abs().amax((1, 2))
        assert apart.argmax() > 0
        found = onnx_graph.difference_mm(changed, authors, *real)
        assert found == pytest.approx(float(apart.max()), abs=1e-3)
        assert found > apart[0] + 0.1

    def test_is_no_number_where_the_graph_gives_none(self, authors, content, real):
        """NaN is not taken for agreement."""
        made = onnx.load_model_from_string(content)
        last = next(t for t in made.graph.initializer if t.name == "pose_bias")
        values = np.full(108, np.nan, np.float32)
        last.CopyFrom(onnx.numpy_helper.from_array(values, last.name))
        found = onnx_graph.difference_mm(made.SerializeToString(), authors, *real)
        assert not found <= 1e9
