"""Tests of `cnets.data.readers.more_poses`: a file of poses, or one sentence."""

import numpy as np
import pytest

from cnets.data.readers import more_poses
from cnets.hands.skeleton import HAND21


@pytest.fixture
def own() -> np.ndarray:
    """Hands of the data, of which some joints are not known."""
    joints = np.random.default_rng(0).normal(size=(30, 21, 3)) * 40
    joints[3:5, 7] = np.nan
    joints[9] = np.nan
    return joints.astype(np.float32)


class TestRead:
    @pytest.mark.parametrize("kind", ["float64", "float32", "int16"])
    def test_an_array(self, own, tmp_path, kind):
        """Millimetres as they stand, anywhere in space."""
        wanted = (own[:3] + 500).astype(kind)
        np.save(tmp_path / "a.npy", wanted)
        found = more_poses.read(tmp_path / "a.npy", HAND21, own)
        assert found.dtype == np.float32
        assert np.array_equal(found, wanted.astype(np.float32))

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda p: p[:, :20], r"of shape \[3, 20, 3\]"),
            (lambda p: p[0], r"of shape \[21, 3\]"),
            (lambda p: p[:0], r"of shape \[0, 21, 3\]"),
            (lambda p: p.astype(str), "which is no array of numbers"),
            (lambda p: np.where(p == p[1, 2, 0], np.nan, p), "pose 1 does not"),
            (lambda p: p / 1000, r"its hands are 0\.00\d+ times as large"),
            (lambda p: p * 10, r"its hands are \d+\.?\d* times as large"),
        ],
    )
    def test_other_arrays(self, own, tmp_path, change, said):
        """Other joints, none at all, no numbers, metres and tenths of millimetres."""
        np.save(tmp_path / "a.npy", change(own[:3]))
        with pytest.raises(ValueError, match=said):
            more_poses.read(tmp_path / "a.npy", HAND21, own)

    def test_no_such_file(self, own, tmp_path):
        """What is missing, or no array, is named."""
        path = tmp_path / "a.npy"
        with pytest.raises(ValueError, match=r"`poses` must be .* No such file"):
            more_poses.read(path, HAND21, own)
        path.write_text("1, 2, 3")
        with pytest.raises(ValueError, match=r"a\.npy': it is damaged"):
            more_poses.read(path, HAND21, own)
        np.savez(tmp_path / "a.npz", own)
        with pytest.raises(ValueError, match="which is no array of numbers"):
            more_poses.read(tmp_path / "a.npz", HAND21, own)
