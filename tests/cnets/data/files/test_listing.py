"""Tests of `cnets.data.files.listing`: which files, by which names, in which order."""

from pathlib import Path

import pytest

from cnets.data.files import listing


def touched(root, *names):
    """Empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def names(root, paths):
    """The paths as seen from the folder."""
    return [path.relative_to(root).as_posix() for path in paths]


class TestUnder:
    def test_hidden_files_and_folders_are_passed_over(self, tmp_path):
        """What a file manager leaves behind is no frame."""
        touched(tmp_path, "a.png", "._a.png", ".DS_Store", "__MACOSX/._a.png")
        touched(tmp_path, ".thumbs/a.png", "notes.txt")
        assert names(tmp_path, listing.under(tmp_path, [".png"])) == ["a.png"]

    def test_endings_in_either_case(self, tmp_path):
        """`.PNG` and `_depth.BIN` count, `.png.txt` does not."""
        touched(tmp_path, "a.PNG", "b.Png", "1_depth.BIN", "c.png.txt", "1.bin")
        found = listing.under(tmp_path, [".png", "_depth.bin"])
        assert names(tmp_path, found) == ["1_depth.BIN", "a.PNG", "b.Png"]

    def test_natural_order(self, tmp_path):
        """Numbers count as numbers: beyond seven digits, with gaps, in folders too."""
        wanted = ["a_2.png", "a_0010.png", "a_9999999.png", "a_10000000.png"]
        wanted += ["s2/1.png", "s10/1.png"]
        touched(tmp_path, *reversed(wanted))
        assert names(tmp_path, listing.under(tmp_path, [".png"])) == wanted

    def test_equal_numbers_have_one_order(self):
        """1 and 01 are ordered by their names, whichever is found first."""
        pair = [Path("1.png"), Path("01.png")]
        orders = {tuple(sorted(p, key=listing.natural)) for p in (pair, pair[::-1])}
        assert len(orders) == 1

    def test_links_are_followed_once(self, tmp_path):
        """A folder elsewhere is listed; links in a circle end; a dead one is nothing."""
        root = touched(tmp_path / "root", "a/1.png")
        elsewhere = touched(tmp_path / "elsewhere", "2.png")
        (root / "b").symlink_to(elsewhere)
        (root / "again").symlink_to(root)
        (elsewhere / "back").symlink_to(root)
        (root / "dead").symlink_to(tmp_path / "none")
        (root / "3.png").symlink_to(elsewhere / "2.png")
        found = names(root, listing.under(root, [".png"]))
        assert found == ["3.png", "a/1.png", "b/2.png"]

    def test_a_folder_called_like_a_frame(self, tmp_path):
        """It is looked into and is no frame itself."""
        touched(tmp_path, "x.png/1.png")
        assert names(tmp_path, listing.under(tmp_path, [".png"])) == ["x.png/1.png"]


class TestLocated:
    def test_by_name_with_any_case_of_the_ending(self, tmp_path):
        """None where there is no file, no folder, or another name."""
        touched(tmp_path, "a.PNG", "b.png", "._c.png")
        wanted = [tmp_path / n for n in ("a.png", "b.png", "c.png", "A.png", "d/a.png")]
        assert listing.located(wanted) == [
            tmp_path / "a.PNG",
            tmp_path / "b.png",
            None,
            None,
            None,
        ]


class TestNumbered:
    def test_any_count_of_digits(self, tmp_path):
        """The number is what counts; other names and hidden files do not."""
        touched(tmp_path, "d_0000001.png", "d_10000000.PNG", "d_x.png", "._d_2.png")
        found = listing.numbered(tmp_path, "d_", ".png")
        held = {number: path.name for number, path in found.items()}
        assert held == {1: "d_0000001.png", 10_000_000: "d_10000000.PNG"}

    def test_one_number_twice(self, tmp_path):
        """Both files are named."""
        touched(tmp_path, "01_depth.bin", "1_depth.bin")
        with pytest.raises(ValueError, match=r"holds 01_depth\.bin and 1_depth\.bin"):
            listing.numbered(tmp_path, "", "_depth.bin")
