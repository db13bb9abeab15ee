"""Tests of `cnets.data.readers.synthetic`."""

import numpy as np
import pytest
import torch

from cnets import geometry
from cnets.data.readers import synthetic
from cnets.data.splits import TEST, TRAIN, VALIDATION


class TestLabels:
    def test_persons(self):
        """20 persons have equal shares, one run each."""
        labels = synthetic.labels(200)
        assert np.bincount(labels.person).tolist() == [10] * 20
        assert (np.diff(labels.person) >= 0).all()
        assert len(set(labels.thickness.tolist())) == 20

    def test_split_by_person(self):
        """Persons of validation and test are not seen in training."""
        labels = synthetic.labels(200)
        (split,) = labels.splits.values()
        groups = [set(labels.person[split == k]) for k in (TRAIN, VALIDATION, TEST)]
        assert [len(group) for group in groups] == [14, 3, 3]

    def test_seeded(self):
        """The set is the same every time, and leaves torch's own numbers alone."""
        state = torch.get_rng_state()
        first, again = synthetic.labels(60), synthetic.labels(60)
        assert np.array_equal(first.joints_mm, again.joints_mm)
        assert np.array_equal(first.centres_mm, again.centres_mm)
        assert torch.equal(torch.get_rng_state(), state)

    def test_hands_lie_in_their_crops(self):
        """Nearly all joints lie within the cube around their crop's centre."""
        labels = synthetic.labels(400)
        away = np.abs(labels.joints_mm - labels.centres_mm[:, None])
        assert (away.max(-1) < geometry.CUBE_MM / 2).mean() > 0.98

    def test_types(self):
        """Arrays have the types and lengths that a set promises."""
        labels = synthetic.labels(40)
        assert labels.joints_mm.shape == (40, 21, 3)
        assert labels.joints_mm.dtype == np.float32
        assert labels.centres_mm.dtype == np.float32
        assert labels.thickness.dtype == np.float32
        assert labels.person.dtype == np.int32

    def test_too_few(self):
        """Fewer frames than persons are refused."""
        with pytest.raises(
            ValueError, match=r"`data` synthetic needs 20 frames .* got 19"
        ):
            synthetic.labels(19)
