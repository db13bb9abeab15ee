"""Tests of `harness.commands.show`: the picture, its size and what it refuses."""

import pytest
from PIL import Image

from harness.commands import show


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cache that the tests of this file share."""
    return tmp_path_factory.mktemp("cache")


def drawn(out, folder, **changes) -> str:
    """What `draw` says."""
    wanted = {"side_px": 32, "split": None, "frames": 4} | changes
    return show.draw("synthetic:20", out=out, cache=folder, **wanted)


class TestDraw:
    @pytest.mark.parametrize(
        ("frames", "size"), [(1, (128, 256)), (8, (1024, 256)), (10, (1024, 512))]
    )
    def test_size(self, tmp_path, folder, frames, size):
        """Eight frames a row, each plain and below it with joints."""
        line = drawn(tmp_path / "a.png", folder, frames=frames)
        with Image.open(tmp_path / "a.png") as image:
            assert image.size == size
        counts = "14 train, 3 validation, 3 test"
        assert line == (
            f"{tmp_path}/a.png: {frames} of 20 frames of synthetic:20 ({counts})."
        )

    def test_more_than_there_are(self, tmp_path, folder):
        """All frames are drawn where more are asked for."""
        assert "20 of 20 frames" in drawn(tmp_path / "a.png", folder, frames=500)

    @pytest.mark.parametrize("frames", [0, -3])
    def test_no_frames(self, tmp_path, folder, frames):
        """A picture of nothing is refused."""
        with pytest.raises(ValueError, match="`frames` must be 1 or more, got"):
            drawn(tmp_path / "a.png", folder, frames=frames)

    def test_no_folder(self, tmp_path, folder):
        """A file in a folder that is not there is refused."""
        with pytest.raises(ValueError, match="`out` must lie in a folder that exists"):
            drawn(tmp_path / "none" / "a.png", folder)

    def test_a_folder_in_its_place(self, tmp_path, folder):
        """A folder in the file's place is refused."""
        with pytest.raises(ValueError, match="`out` must be a file to write"):
            drawn(tmp_path, folder)

    def test_bad_split(self, tmp_path, folder):
        """A split that the set does not have is refused, and nothing is drawn."""
        with pytest.raises(ValueError, match="`split` must be one of person"):
            drawn(tmp_path / "a.png", folder, split="block")
        assert list(tmp_path.iterdir()) == []
