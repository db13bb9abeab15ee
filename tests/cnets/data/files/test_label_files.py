"""Labels in text and tables, against files written by hand and real ones."""

import gzip

import numpy as np
import pytest

from cnets.data.files import label_files


class TestNumbers:
    @pytest.mark.parametrize(
        "text",
        [
            "1 2.5\n-3 4e2\n",
            "1,2.5\n-3,4e2",
            "1, 2.5 \r\r\n\t-3 ,400\r\r\n",
            "\ufeff1 2.5\r\n-3 400\r\n\r\n \n",
        ],
    )
    @pytest.mark.parametrize("zipped", [False, True])
    def test_by_hand(self, tmp_path, text, zipped):
        """Blanks, commas, carriage returns, a byte-order mark and gzip change nothing."""
        path = tmp_path / "labels.txt"
        data = text.encode()
        path.write_bytes(gzip.compress(data) if zipped else data)
        assert label_files.numbers(path, 2).tolist() == [[1.0, 2.5], [-3.0, 400.0]]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("1 2\n3\n", "must have 2 numbers in every row, got 1 in row 2"),
            ("1 2\n\n3 4\n", "must have 2 numbers in every row, got 0 in row 2"),
            ("1 2\n3 4 5\n", "must have 2 numbers in every row, got 3 in row 2"),
            (
                "1 2\n3 four\n",
                "finite numbers up to 1e.09, got 'four' in row 2, column 2",
            ),
            ("1 nan\n", "got 'nan' in row 1, column 2"),
            ("-inf 2\n", "got '-inf' in row 1, column 1"),
            ("1 2\n2e9 2\n", "got '2e9' in row 2, column 1"),
            ("1 1_0\n", "got '1_0' in row 1, column 2"),
            ("1 \u0661\n", "got '\u0661' in row 1, column 2"),
            ("", "must hold one row or more, and is empty"),
            (" \n\n", "must hold one row or more, and is empty"),
        ],
    )
    def test_a_wrong_row_is_named(self, tmp_path, text, said):
        """One sentence says the file, the row, the rule and the value."""
        path = tmp_path / "labels.txt"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=said) as caught:
            label_files.numbers(path, 2)
        assert str(caught.value).startswith(f"{path} ")

    def test_gaps_are_nan_where_they_are_allowed(self, tmp_path):
        """With `gaps` a nan passes, an infinite number does not."""
        path = tmp_path / "labels.txt"
        path.write_text("1 nan\n")
        assert np.isnan(label_files.numbers(path, 2, gaps=True)).tolist() == [[0, 1]]
        path.write_text("1 inf\n")
        with pytest.raises(ValueError, match="got 'inf' in row 1, column 2"):
            label_files.numbers(path, 2, gaps=True)

    def test_what_cannot_be_read_is_named(self, tmp_path):
        """A missing file, a folder, a cut gzip, a false gzip and bytes of no text."""
        with pytest.raises(ValueError, match=r"no\.txt must be a file, and is none"):
            label_files.numbers(tmp_path / "no.txt", 2)
        with pytest.raises(ValueError, match="must be a file, and is none"):
            label_files.numbers(tmp_path, 2)
        path = tmp_path / "cut.txt.gz"
        path.write_bytes(gzip.compress(b"1 2\n" * 100)[:-12])
        with pytest.raises(ValueError, match=r"cut\.txt\.gz cannot be read"):
            label_files.numbers(path, 2)
        path.write_bytes(b"1 2\n")
        with pytest.raises(ValueError, match=r"cut\.txt\.gz cannot be read"):
            label_files.numbers(path, 2)
        path = tmp_path / "binary.txt"
        path.write_bytes(b"\xff\xfe1 2\n")
        with pytest.raises(ValueError, match=r"binary\.txt cannot be read"):
            label_files.numbers(path, 2)

    def test_too_long_a_text_is_refused(self, tmp_path, monkeypatch):
        """A small file that unzips to more than the limit is not read on."""
        monkeypatch.setattr(label_files, "MOST_BYTES", 1000)
        path = tmp_path / "bomb.txt.gz"
        path.write_bytes(gzip.compress(b"1 2\n" * 1000))
        with pytest.raises(ValueError, match=r"bomb\.txt\.gz .* more than 1000 bytes"):
            label_files.numbers(path, 2)


class TestUvdText:
    def test_as_numpy_reads_it(self, realdata):
        """The real NYU predictions come out as `numpy.loadtxt` reads them."""
        path = realdata / "nyu" / "predictions" / "CVPR18_NYU_denseReg.txt.gz"
        with gzip.open(path, "rt") as file:
            truth = np.loadtxt(file)
        found = label_files.uvd_text(path, 14)
        np.testing.assert_array_equal(found, truth.reshape(8252, 14, 3))


class TestNamedUvd:
    def test_native_labels_are_the_published_ones(self, realdata):
        """Both native ICVL test files together are the ground truth of the papers."""
        first, a = label_files.named_uvd(realdata / "icvl" / "test_seq_1.txt", 16)
        second, b = label_files.named_uvd(realdata / "icvl" / "test_seq_2.txt.gz", 16)
        with gzip.open(
            realdata / "icvl" / "icvl_test_groundtruth_label.txt.gz"
        ) as file:
            truth = np.loadtxt(file).reshape(1596, 16, 3)
        assert len(first) == 702
        assert first[0] == "test_seq_1/image_0000.png"
        assert second[-1] == "test_seq_2/image_0893.png"
        np.testing.assert_array_equal(np.concatenate([a, b]), truth)

    def test_only_blanks_may_stand_behind_the_joints(self, tmp_path):
        """Tabs and carriage returns are passed over; a fourth number is refused."""
        path = tmp_path / "labels.txt"
        path.write_text("a/b.png 1 2 3 \t\t\r\r\nc.png 4 5 6\n")
        names, uvd = label_files.named_uvd(path, 1)
        assert names == ("a/b.png", "c.png")
        assert uvd.tolist() == [[[1, 2, 3]], [[4, 5, 6]]]

        path.write_text("a/b.png 1 2 3\nc.png 4 5 6 7\n")
        with pytest.raises(ValueError, match=r"must have 3 numbers .* got 4 in row 2"):
            label_files.named_uvd(path, 1)

    def test_too_few_numbers_are_refused(self, tmp_path):
        """A row with a number too few, and a blank row, are named."""
        path = tmp_path / "labels.txt"
        path.write_text("a.png 1 2 3\nb.png 4 5\n")
        with pytest.raises(ValueError, match=r"must have 3 numbers .* got 2 in row 2"):
            label_files.named_uvd(path, 1)
        path.write_text("a.png 1 2 3\n\nb.png 4 5 6\n")
        with pytest.raises(ValueError, match=r"must have 3 numbers .* got 0 in row 2"):
            label_files.named_uvd(path, 1)


class TestMsraJoints:
    def test_real_file(self, realdata):
        """400 poses of 21 joints, whose z is turned away from the camera."""
        joints = label_files.msra_joints(realdata / "msra14" / "joint.txt")
        assert joints.shape == (400, 21, 3)
        assert joints[0, 0].tolist() == [-14.6527, -39.5652, 344.226]
        assert joints[0, 1].tolist() == [-3.34672, 12.3663, 300.28]
        assert (joints[..., 2] > 100).all()

    @pytest.mark.parametrize(
        ("first", "rows", "said"),
        [
            ("3", 2, "as many frames as row 1 says, got 2 and 3"),
            ("1", 2, "as many frames as row 1 says, got 2 and 1"),
            ("0", 0, "as many frames as row 1 says, got 0 and 0"),
            ("two", 2, "begin with the count of its frames, got 'two' in row 1"),
            ("-2", 2, "begin with the count of its frames, got '-2' in row 1"),
            ("1 2", 2, "begin with the count of its frames, got '1 2' in row 1"),
        ],
    )
    def test_the_count_must_match(self, tmp_path, first, rows, said):
        """The first row is the count of the rows that follow."""
        path = tmp_path / "joint.txt"
        row = " ".join(["1 2 -300"] * 21)
        path.write_text("\n".join([first, *[row] * rows]) + "\n")
        with pytest.raises(ValueError, match=said):
            label_files.msra_joints(path)

    def test_rows_are_counted_from_the_top_of_the_file(self, tmp_path):
        """The second frame stands in row 3."""
        path = tmp_path / "joint.txt"
        row = " ".join(["1 2 -300"] * 21)
        path.write_text(f"2\n{row}\n{row} 7\n")
        with pytest.raises(
            ValueError, match="63 numbers in every row, got 64 in row 3"
        ):
            label_files.msra_joints(path)


class TestTables:
    def test_the_14_of_the_36_are_the_published_labels(self, realdata):
        """The evaluated columns of the tables are the text of 14, in five digits."""
        nyu = realdata / "nyu"
        evaluated = [0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32]
        whole = label_files.uvd_tables(nyu)
        with gzip.open(nyu / "nyu_test_groundtruth_label.txt.gz") as file:
            truth = np.loadtxt(file).reshape(8252, 14, 3)
        assert whole.shape == (8252, 36, 3)
        assert np.abs(whole[:, evaluated] - truth).max() < 0.0501
        assert label_files.has_tables(nyu)
        assert not label_files.has_tables(realdata / "icvl")

    def test_damage_is_named(self, tmp_path):
        """A missing table, one that is longer, and a depth behind the camera."""
        row = ",".join(["300"] * 36)
        for axis in "ud":
            (tmp_path / f"joint_1_{axis}.csv").write_text(f"{row}\n{row}\n")
        with pytest.raises(ValueError, match=r"must hold joint_1_v\.csv or"):
            label_files.uvd_tables(tmp_path)
        (tmp_path / "joint_1_v.csv").write_text(f"{row}\n")
        with pytest.raises(ValueError, match=r"joint_1_v\.csv must .* got 1 and 2"):
            label_files.uvd_tables(tmp_path)
        (tmp_path / "joint_1_v.csv").write_text(f"{row}\n{row}\n")
        (tmp_path / "joint_1_d.csv").write_text(f"{row}\n{row[:-3]}0.5\n")
        with pytest.raises(
            ValueError, match=r"d\.csv .* got 0\.5 in frame 2, joint 35"
        ):
            label_files.uvd_tables(tmp_path)


class TestWithoutMarks:
    def test_which_joints_are_unknown(self):
        """NaN in one number, or three that are equal and not above 0; nothing else."""
        nan = np.nan
        known = [[1.0, 1, 1], [0, 0, 300], [-1, -1, 300], [-1, -2, -3], [0, -1, 0]]
        unknown = [
            [0.0, 0, 0],
            [-1, -1, -1],
            [-999, -999, -999],
            [nan, 5, 5],
            [5, 5, nan],
        ]
        found = label_files.without_marks(np.array([known, unknown]))
        np.testing.assert_array_equal(found[0], known)
        assert np.isnan(found[1]).all()

    def test_invalid_rows(self, tmp_path):
        """The word stands for a whole row, where gaps are allowed only."""
        path = tmp_path / "a.txt"
        path.write_text("1 2 3\ninvalid\n")
        found = label_files.numbers(path, 3, gaps=True)
        np.testing.assert_array_equal(found, [[1, 2, 3], [np.nan] * 3])
        with pytest.raises(ValueError, match="got 1 in row 2"):
            label_files.numbers(path, 3)


@pytest.mark.parametrize("unit_mm", [0.1, 10.0])
def test_depths_in_another_unit(tmp_path, unit_mm):
    """No set's hands lie 33 mm or 3.5 m away; one joint that does is no reason."""
    points = np.full((4, 21, 3), 350.0)
    points[2:] = np.nan
    label_files.check_depths(tmp_path, points)
    points[0, 0] *= unit_mm
    label_files.check_depths(tmp_path, points)
    with pytest.raises(ValueError, match=r"must hold the depths of hands in mm"):
        label_files.check_depths(tmp_path, np.full((4, 21, 3), 350.0) / unit_mm)
    label_files.check_depths(tmp_path, np.full((4, 21, 3), np.nan))
