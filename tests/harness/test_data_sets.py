"""Tests of `harness.data_sets`: the facts, the picture, its size and what it refuses."""

import pytest
from PIL import Image

from cnets.data import counts
from cnets.data.opening import open_data
from harness import data_sets
from harness.data_sets import Drawn


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cache that the tests of this file share."""
    return tmp_path_factory.mktemp("cache")


def drawn(out, folder, **changes) -> Drawn:
    """What `draw` gives."""
    wanted = {"side_px": 32, "split": None, "frames": 4} | changes
    return data_sets.draw("synthetic:20", out=out, cache=folder, **wanted)


def test_facts_are_counted(folder):
    """Twenty crops of 32 pixels in half precision, and every frame in one split."""
    hands = open_data("synthetic:20", side_px=32, cache=folder)
    facts = data_sets.facts(hands)
    assert facts["mebibytes"] == round(20 * 32 * 32 * 2 / 2**20, 1)
    sizes = [facts[n] for n in ("train", "validation", "test", "unlabelled")]
    assert sizes == [14, 3, 3, 0]
    assert sum(sizes) == facts["frames"] == facts["labels"] == 20
    assert (facts["dropped"], facts["notes"], facts["side_px"]) == ({}, [], 32)


class TestDraw:
    @pytest.mark.parametrize(
        ("frames", "size"), [(1, (128, 256)), (8, (1024, 256)), (10, (1024, 512))]
    )
    def test_size(self, tmp_path, folder, frames, size):
        """Eight frames a row, each plain and below it with joints."""
        done = drawn(tmp_path / "a.png", folder, frames=frames)
        with Image.open(tmp_path / "a.png") as image:
            assert image.size == size
        hands = open_data("synthetic:20", side_px=32, cache=folder)
        assert done == Drawn(
            out=tmp_path / "a.png",
            frames=frames,
            total=20,
            counts=counts.of(hands),
            notes=(),
        )

    def test_more_than_there_are(self, tmp_path, folder):
        """All frames are drawn where more are asked for."""
        done = drawn(tmp_path / "a.png", folder, frames=500)
        assert (done.frames, done.total) == (20, 20)

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
        with pytest.raises(ValueError, match="`out` must name a PNG file"):
            drawn(tmp_path, folder)

    def test_bad_split(self, tmp_path, folder):
        """A split that the set does not have is refused, and nothing is drawn."""
        with pytest.raises(ValueError, match="`split` must be one of person"):
            drawn(tmp_path / "a.png", folder, split="block")
        assert list(tmp_path.iterdir()) == []
