"""Tests of `cnets.training.batches.frames`: what the networks see of a data set."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch

from cnets import presets
from cnets.training import schedule
from cnets.training.batches import inputs
from cnets.training.batches.frames import Frames


def made(data, **options) -> Frames:
    """The frames of a data set on the CPU."""
    return Frames(data, torch.device("cpu"), torch.float32, **options)


class TestFrames:
    def test_poses_and_origins_are_in_units_of_50_mm(self, hands):
        """The root lies in the origin, the other joints relative to it in the pose."""
        frames = made(hands)
        units = (hands.joints_mm - hands.centres_mm[:, None]) / 50
        np.testing.assert_allclose(frames.origin.numpy(), units[:, 0], atol=1e-5)
        relative = (units - units[:, :1]).reshape(90, 15)
        np.testing.assert_allclose(frames.pose.numpy(), relative, atol=1e-5)

    def test_crops_come_in_the_order_of_the_rows(self, hands):
        """Rows may come twice; the channel's axis stands before the image."""
        found = made(hands).depth(np.array([7, 3, 7]))
        assert found.shape == (3, 1, 32, 32)
        assert np.array_equal(found[:, 0].numpy(), hands.crops[[7, 3, 7]])

    def test_poses_without_images_are_behind_all_crops(self, hands):
        """Relative to their root wherever they are; in an update they may be turned."""
        more = hands.joints_mm[:7] + np.float32([300, 0, -90])
        data = dataclasses.replace(
            hands, unlabelled=hands.crops[:2], more_poses_mm=more
        )
        frames, plain = made(data), made(hands)
        assert frames.more.tolist() == list(range(92, 99))
        torch.testing.assert_close(frames.pose[92:], plain.pose[:7], atol=1e-5, rtol=0)
        assert torch.equal(frames.pose[:90], plain.pose)
        assert torch.equal(frames.origin[:90], plain.origin)
        assert torch.equal(frames.weight[frames.more], torch.ones(7, 15))
        rows = torch.tensor([3, 95])
        moves = torch.tensor([[0.0, 1, 0, 0, 0], [np.pi, 1, 0, 0, 0]])
        seen = inputs.of_update(frames, "vae", {"rows": rows, "moves": moves})
        turned = plain.pose[3].view(5, 3) * torch.tensor([-1, -1, 1])
        torch.testing.assert_close(seen["pose"][0], plain.pose[3], atol=1e-4, rtol=0)
        torch.testing.assert_close(
            seen["pose"][1].view(5, 3), turned, atol=1e-3, rtol=0
        )
        assert torch.equal(seen["weight"], torch.ones(2, 15))

    def test_unlabelled_crops_are_numbered_on(self, hands):
        """Row 90 of ninety frames is the first one without a label."""
        extra = np.full((2, 32, 32), 0.25, np.float16)
        more = dataclasses.replace(hands, unlabelled=extra)
        for kept in (False, True):
            found = made(more, resident=kept).depth(np.array([89, 90]))
            assert np.array_equal(found[0, 0].numpy(), hands.crops[89])
            assert (found[1] == 0.25).all()


def test_resident_crops_are_the_same_batches(hands):
    """Crops kept on the device give what crops read from the set give."""
    short = presets.preset("tiny").replace({"networks.joints": 5})
    more: Sequence[Frames] = [made(hands, resident=kept) for kept in (False, True)]
    for stage in schedule.STAGES:
        both = [list(inputs.of_epoch(frames, short, stage, 0)) for frames in more]
        for first, second in zip(*both, strict=True):
            assert first.keys() == second.keys()
            for name, value in first.items():
                assert torch.equal(value, second[name])


class TestJointsThatAreNotKnown:
    def test_weights_by_hand(self, hands, gappy):
        """0 for a joint that is missing, joints / known for the others; none if all."""
        assert made(hands).weight is None
        weight = made(gappy).weight
        assert weight is not None
        for row in np.flatnonzero(gappy.has_label):
            known = ~np.isnan(gappy.joints_mm[row, :, 0])
            wanted = np.where(known, 5 / known.sum(), 0).repeat(3)
            np.testing.assert_allclose(weight[row].numpy(), wanted, rtol=1e-6)
            if known.all():
                assert (weight[row] == 1).all()
        assert weight[np.flatnonzero(~gappy.has_label)].isnan().all()

    def test_they_are_read_at_the_root(self, gappy):
        """The encoder's input is 0 there, and what is known is as it was."""
        frames = made(gappy)
        known = ~np.isnan(gappy.joints_mm).reshape(90, 15) & gappy.has_label[:, None]
        units = (gappy.joints_mm - gappy.joints_mm[:, :1]).reshape(90, 15) / 50
        wanted = np.where(known, units, 0)
        np.testing.assert_allclose(frames.pose.numpy(), wanted, atol=1e-4)
        rows = gappy.labelled(1.0, 0)
        assert np.array_equal(~frames.known_pose(rows).isnan().numpy(), known[rows])
