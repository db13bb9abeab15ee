"""Tests of `cnets.inference.model`: what is read, in which unit, and its digest."""

import dataclasses

import pytest
import torch


class TestPredict:
    def test_equals_every_layer_in_float64(self, model, crops, in_float64):
        """Millimetres in the camera frame, to 1e-3."""
        depth, centres = crops(3, 32)
        found = model.predict(depth, centres).double()
        wanted = in_float64(model, depth, centres)
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)

    def test_read_is_relative_to_the_centre_in_units(self, model, crops):
        """One unit is 50 mm."""
        depth, centres = crops(2, 32)
        joints_mm = 50 * model.read(depth) + centres[:, None]
        torch.testing.assert_close(model.predict(depth, centres), joints_mm)


class TestRoundTrip:
    def test_the_root_stays(self, model):
        """Poses are coded relative to the root, which is put back."""
        joints_mm = 700 + 50 * torch.randn(4, 21, 3)
        back = model.round_trip(joints_mm)
        root = model.skeleton.root
        decoded = model.modules["decoder"]
        assert not torch.allclose(back, joints_mm)
        for name in ("hidden", "pose"):
            getattr(decoded, name).weight.zero_()
            getattr(decoded, name).bias.zero_()
        back = model.round_trip(joints_mm)
        expected = joints_mm[:, [root]].expand(4, 21, 3)
        torch.testing.assert_close(back, expected)

    def test_joints_that_are_not_known(self, model):
        """They are read at the root; without a root nothing comes back."""
        joints_mm = 700 + 50 * torch.randn(4, 21, 3)
        filled = joints_mm.clone()
        joints_mm[1, 3] = torch.nan
        filled[1, 3] = filled[1, model.skeleton.root]
        joints_mm[2, model.skeleton.root] = torch.nan
        back, wanted = model.round_trip(joints_mm), model.round_trip(filled)
        assert torch.equal(back[[0, 1, 3]], wanted[[0, 1, 3]])
        assert back[2].isnan().all()


class TestDigest:
    def test_is_that_of_the_weights(self, model):
        """Another name changes nothing, a running statistic does."""
        before = model.digest()
        assert dataclasses.replace(model, name="other").digest() == before
        model.modules["trunk"].shrink[1].running_mean[0] += 1
        assert model.digest() != before

    @pytest.mark.parametrize("part", ["encoder", "generator", "smoother"])
    def test_every_network_counts(self, model, part):
        """Also those that prediction does not use."""
        before = model.digest()
        next(model.modules[part].parameters()).add_(1.0)
        assert model.digest() != before
