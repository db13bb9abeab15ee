"""Tests of `cnets.inference.predictor`: the quick path gives the same joints."""

import platform

import pytest
import torch
from jaxtyping import TypeCheckError

from cnets import geometry
from cnets.inference import predictor


class TestFast:
    @pytest.mark.parametrize("frames", [1, 2, 40])
    def test_equals_the_model_on_the_authors_weights(self, authors, frames, crops):
        """Alone and in a batch, every coordinate is the same to 1e-3 mm."""
        depth, centres = crops(frames, 128)
        found = predictor.fast(authors)(depth, centres)
        wanted = authors.predict(depth, centres)
        assert wanted.std() > 10
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)

    def test_equals_the_network_in_float64(self, authors, crops, in_float64):
        """The authors' weights, layer by layer in float64: 1e-3 mm."""
        depth, centres = crops(4, 128)
        found = predictor.fast(authors)(depth, centres)
        wanted = in_float64(authors, depth, centres)
        torch.testing.assert_close(found.double(), wanted, rtol=0, atol=1e-3)

    def test_without_packed_convolutions_it_is_the_same(
        self, model, monkeypatch, crops
    ):
        """On another processor the folded network runs in channels-last order."""
        depth, centres = crops(3, 32)
        packed = predictor.fast(model)(depth, centres)
        monkeypatch.setattr(platform, "machine", lambda: "another")
        assert not predictor.can_pack()
        other = predictor.fast(model)(depth, centres)
        torch.testing.assert_close(other, packed, rtol=0, atol=1e-3)
        torch.testing.assert_close(
            other, model.predict(depth, centres), rtol=0, atol=1e-3
        )

    def test_moving_the_centre_moves_the_joints(self, model, device, crops):
        """Joints follow the centre of the cube, millimetre by millimetre."""
        depth, centres = (part.to(device) for part in crops(2, 32))
        predict = predictor.fast(model, device)
        shift = torch.tensor([1.0, -2.0, 3.0], device=device)
        moved = predict(depth, centres + shift) - predict(depth, centres)
        wanted = shift.expand(2, 21, 3)
        torch.testing.assert_close(moved, wanted, rtol=0, atol=1e-3)

    def test_every_part_of_the_path_is_in_it(self, model, crops):
        """Changing any tensor that prediction uses changes what comes out."""
        depth, centres = crops(1, 32)
        before = predictor.fast(model)(depth, centres)
        for part in ("trunk", "posterior", "decoder"):
            for name, tensor in model.modules[part].state_dict().items():
                if not tensor.is_floating_point():
                    continue
                kept = tensor.clone()
                tensor.add_(1.0)
                after = predictor.fast(model)(depth, centres)
                assert (after - before).abs().max() > 1e-2, f"{part}.{name}"
                tensor.copy_(kept)

    def test_crops_and_centres_must_be_of_the_same_frames(self, model, crops):
        """Two crops and three centres are refused, not broadcast."""
        depth, _ = crops(2, 32)
        _, centres = crops(3, 32)
        with pytest.raises((TypeCheckError, RuntimeError)):
            predictor.fast(model)(depth, centres)

    def test_units_are_those_of_the_crop(self, model, crops):
        """With weights of zero the joints lie where the biases put them."""
        for part in ("trunk", "posterior", "decoder"):
            for tensor in model.modules[part].state_dict().values():
                tensor.zero_()
        model.modules["posterior"].read.bias[-3:] = torch.tensor([1.0, 0.0, -2.0])
        model.modules["decoder"].pose.bias[3:6] = torch.tensor([0.5, 0.0, 0.0])
        depth, centres = crops(1, 32)
        found = predictor.fast(model)(depth, centres)[0] - centres
        unit = geometry.MM_PER_UNIT
        wanted = torch.tensor([unit, 0.0, -2 * unit]).repeat(21, 1)
        wanted[1, 0] += unit / 2
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)
