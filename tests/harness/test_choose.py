"""Tests of `harness.choose`: which frames, in which order, and what is refused."""

import csv

import numpy as np
import pytest
from PIL import Image

from cnets.data.opening import open_data
from harness import choose


SIDE_PX = 32


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Prepared data that the tests of this file share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def frames(tmp_path):
    """Twelve frames of a sensor, each a slope of another size; in frame 7 is nothing."""
    folder = tmp_path / "frames"
    (folder / "more").mkdir(parents=True)
    for row in range(12):
        depth = np.zeros((424, 512), np.uint16)
        size = 30 + 4 * row
        if row != 7:
            slope = np.arange(size)[:, None] // 2
            depth[200 : 200 + size, 200 : 200 + size - row] = 700 + slope
        place = folder / "more" if row > 9 else folder
        Image.fromarray(depth).save(place / f"{row:03d}.png")
    return folder


def chosen(data, cache, count=3, **changes):
    """What `choose` gives."""
    return choose.choose(
        str(data), count=count, side_px=SIDE_PX, cache=cache, **changes
    )


def names(found):
    """The frames by name, in order."""
    return [row["frame"] for row in found.table()]


class TestChoose:
    def test_a_data_set_as_in_training(self, cache):
        """The first frames are those of `labelled` with coverage, as a set."""
        data = open_data("synthetic:60", side_px=SIDE_PX, cache=cache)
        found = chosen("synthetic:60", cache, 21, seed=5)
        wanted = data.labelled(0.5, 5, "coverage").tolist()
        assert sorted(found.rows.tolist()) == wanted
        assert names(found) == [str(row) for row in found.rows]
        assert found.labelled == 0

    def test_a_folder_of_frames(self, frames, cache):
        """Every frame with something in it, by its name within the folder."""
        found = chosen(f"{frames}@kinect2", cache, 11)
        every = [f"{row:03d}.png" for row in range(10) if row != 7]
        assert sorted(names(found)) == [*every, "more/010.png", "more/011.png"]
        assert found.farthest is None
        assert not np.isfinite(found.distances[0])
        assert (np.diff(found.distances[1:]) <= 0).all()
        assert found.pool.notes == ()

    def test_a_recorded_set(self, scene, cache, tmp_path):
        """The frames of its training split, by their names within its folder."""
        spec = scene("msra", 2, 12).write(tmp_path / "set")
        wanted = [f"P2/1/{row:06d}_depth.bin" for row in range(4)]
        assert sorted(names(chosen(spec, cache, 4))) == wanted

    def test_going_on_is_as_choosing_more_at_once(self, frames, cache, tmp_path):
        """With the written file as labelled the next ones follow; a guess is told."""
        whole = names(chosen(frames, cache, 9))
        first = chosen(frames, cache, 4)
        assert len(first.pool.notes) == 1
        out = tmp_path / "first.csv"
        choose.write(first, out)
        second = chosen(frames, cache, 5, labelled=out)
        assert (names(first), names(second)) == (whole[:4], whole[4:])
        assert second.labelled == 4
        assert second.distances[0] == pytest.approx(first.farthest)

    @pytest.mark.parametrize(
        "text",
        [
            "000.png\nmore/011.png\n",
            "\n000\n\n011\n",
            "hand;frame\nright;000.png\nleft;011.png\n",
            "000.png,1,2\n011.png,3,4",
            "frame\tx\n000\t1\n011\t2\n",
        ],
    )
    def test_forms_of_names(self, frames, cache, tmp_path, text):
        """A line each or a column of a table; whole, without folder or ending."""
        path = tmp_path / "names"
        path.write_text(text)
        found = chosen(frames, cache, 9, labelled=path)
        assert found.labelled == 2
        assert {"000.png", "more/011.png"}.isdisjoint(names(found))

    def test_labelled_frames_of_other_splits(self, cache, tmp_path):
        """A label of a test frame says nothing about training, and is no mistake."""
        data = open_data("synthetic:60", side_px=SIDE_PX, cache=cache)
        tested, train = data.rows("test")[0], data.rows("train")[3]
        path = tmp_path / "names"
        path.write_text(f"{tested}\n{train}\n")
        assert chosen("synthetic:60", cache, labelled=path).labelled == 1

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"count": 0}, "`count` must be 1 or more, got 0"),
            ({"count": 12}, "`count` must be at most 11, the frames of .*, got 12"),
            ({"seed": -1}, r"`seed` must be in \[0, 2\*\*63\), got -1"),
        ],
    )
    def test_refused(self, frames, cache, changes, said):
        """Wrong numbers, in one sentence."""
        with pytest.raises(ValueError, match=said):
            chosen(frames, cache, **changes)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (b"000\nnone.png", "got 'none.png' in .*, which no frame has"),
            (b"twin.png", "got 'twin.png' in .*, which 2 frames have"),
            (b"\xff\xfe", "must be a file of names, got .*: it is no text"),
        ],
    )
    def test_wrong_names(self, frames, cache, tmp_path, text, said):
        """A name that no frame or more than one has, and a file that is no text."""
        for place in ("a", "b"):
            (frames / place).mkdir()
            (frames / place / "twin.png").write_bytes((frames / "009.png").read_bytes())
        path = tmp_path / "names"
        path.write_bytes(text)
        with pytest.raises(ValueError, match=said):
            chosen(frames, cache, labelled=path)
        with pytest.raises(ValueError, match=r"got .*none': No such file"):
            chosen(frames, cache, labelled=tmp_path / "none")


class TestRadii:
    def test_at_round_numbers_and_at_the_end(self, frames, cache):
        """Each is the distance of the frame that would come next."""
        found = chosen(frames, cache, 6)
        more = chosen(frames, cache, 7)
        wanted = [(n, more.distances[n]) for n in (1, 2, 5, 6)]
        assert found.radii() == wanted

    def test_one_of_one(self, frames, cache):
        """The only frame has no other one."""
        for path in [*frames.glob("00[1-9].png"), *frames.glob("more/*")]:
            path.unlink()
        assert chosen(frames, cache, 1).radii() == []


class TestWrite:
    def test_table_and_picture(self, frames, cache, tmp_path):
        """A row a frame, and as many crops of 128 pixels, ten a row."""
        found = chosen(frames, cache, 11)
        choose.write(found, tmp_path / "a.csv")
        with (tmp_path / "a.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [row["frame"] for row in rows] == names(found)
        assert [row["rank"] for row in rows] == [str(n) for n in range(1, 12)]
        assert rows[0]["distance"] == ""
        assert float(rows[1]["distance"]) == pytest.approx(found.distances[1], abs=1e-4)
        with Image.open(tmp_path / "a.png") as image:
            assert image.size == (1280, 256)

    def test_an_earlier_choice_is_replaced(self, frames, cache, tmp_path):
        """And nothing else: a table of labels stays."""
        out = tmp_path / "a.csv"
        choose.write(chosen(frames, cache, 5), out)
        choose.write(chosen(frames, cache, 2), out)
        assert len(out.read_text().splitlines()) == 3
        out.write_text("frame,x,y\n")
        with pytest.raises(ValueError, match="must be a new file or an earlier choice"):
            choose.check_out(out)
        assert out.read_text() == "frame,x,y\n"

    def test_where_it_cannot_be(self, tmp_path):
        """Another ending, and a folder that is not there."""
        with pytest.raises(ValueError, match="`out` must name a CSV file, got"):
            choose.check_out(tmp_path / "a.txt")
        with pytest.raises(ValueError, match="`out` must lie in a folder that exists"):
            choose.check_out(tmp_path / "none" / "a.csv")
