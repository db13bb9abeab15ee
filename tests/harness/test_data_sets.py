"""Tests of `harness.data_sets`: the facts, the picture, its size and what it refuses."""

import numpy as np
import pytest
from PIL import Image

from cnets import geometry
from cnets.data import open_data
from cnets.inference import pictures
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
    sizes = [facts[n] for n in ("train", "validation", "test", "unused")]
    assert sizes == [14, 3, 3, 0]
    assert sum(sizes) == facts["frames"] == 20
    assert (facts["unlabelled"], facts["empty"], facts["side_px"]) == (0, 0, 32)


class TestDraw:
    @pytest.mark.parametrize(
        ("frames", "size"), [(1, (128, 256)), (8, (1024, 256)), (10, (1024, 512))]
    )
    def test_size(self, tmp_path, folder, frames, size):
        """Eight frames a row, each plain and below it with joints."""
        done = drawn(tmp_path / "a.png", folder, frames=frames)
        with Image.open(tmp_path / "a.png") as image:
            assert image.size == size
        assert done == Drawn(
            out=tmp_path / "a.png",
            frames=frames,
            total=20,
            sizes={"train": 14, "validation": 3, "test": 3},
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
        with pytest.raises(ValueError, match="`out` must be a file to write"):
            drawn(tmp_path, folder)

    def test_bad_split(self, tmp_path, folder):
        """A split that the set does not have is refused, and nothing is drawn."""
        with pytest.raises(ValueError, match="`split` must be one of person"):
            drawn(tmp_path / "a.png", folder, split="block")
        assert list(tmp_path.iterdir()) == []


class TestPage:
    def test_places(self, folder):
        """The upper tile is the crop, the one below it the crop with its joints."""
        hands = open_data("synthetic:20", side_px=32, cache=folder)
        page = data_sets.page(hands, np.array([3, 11]))
        plain = pictures.of_depth(hands.crops[11])
        assert np.array_equal(page[:128, 128:], plain)
        below = page[128:, 128:]
        changed = (below != plain).any(-1)
        assert 0.01 < changed.mean() < 0.3

    def test_joints_are_where_the_hand_is(self, folder):
        """Dots lie on the joints' pixels, which lie on the hand."""
        hands = open_data("synthetic:20", side_px=32, cache=folder)
        below = data_sets.page(hands, np.array([7]))[128:]
        camera, centre = hands.camera, hands.centres_mm[7].astype(float)
        x, y, z = (hands.joints_mm[7].astype(float)).T
        half = geometry.CUBE_MM / 2 * camera.fx / centre[2]
        u = camera.fx * (x / z - centre[0] / centre[2])
        v = camera.fy * (centre[1] / centre[2] - y / z)
        columns, rows = (
            np.floor((place / half + 1) * 64).astype(int) for place in (u, v)
        )
        inside = (columns >= 0) & (columns < 128) & (rows >= 0) & (rows < 128)
        assert inside.sum() >= 18
        assert (below[rows[inside], columns[inside]] == 255).all()
