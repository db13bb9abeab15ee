"""Labels of test sets: published figures of published predictions, and refusals."""

import gzip
import shutil

import numpy as np
import pytest

from cnets.data.files import label_files
from cnets.data.readers.label_sets import label_set


FOCAL_PX = {"nyu": (588.03, 587.07, 320, 240), "icvl": (240.99, 240.96, 160, 120)}


def in_mm(kind, uvd):
    """Millimetres, worked out without the package."""
    fx, fy, cx, cy = FOCAL_PX[kind]
    u, v, depth = np.moveaxis(uvd, -1, 0)
    return np.stack([(u - cx) * depth / fx, (cy - v) * depth / fy, depth], -1)


class TestPublished:
    @pytest.mark.parametrize(
        ("kind", "file", "joints", "mean_mm", "share"),
        [
            ("nyu", "CVPR18_NYU_denseReg", 14, 10.214, 0.5642),
            ("nyu", "CVWW15_NYU_Prior", 14, 20.750, 0.1627),
            ("nyu", "AWR_resnet_18", 14, 7.754, 0.7722),
            ("icvl", "CVPR18_ICVL_denseReg", 16, 7.239, 0.7964),
            ("icvl", "CVPR14_LRF_Results", 16, 12.578, 0.2074),
        ],
    )
    def test_published_errors(self, realdata, kind, file, joints, mean_mm, share):
        """Published predictions are as far from these labels as was published."""
        labels = label_set(f"{kind}:{realdata / kind}")
        path = realdata / kind / "predictions" / f"{file}.txt.gz"
        predicted = in_mm(kind, label_files.uvd_text(path, joints))
        off_mm = np.linalg.norm(predicted - labels.joints_mm, axis=-1)
        assert off_mm.mean() == pytest.approx(mean_mm, abs=6e-4)
        assert (off_mm.max(1) <= 20).mean() == pytest.approx(share, abs=6e-5)

    def test_all_36_joints(self, realdata):
        """With `full` the tables are read; the 14 are within their five digits."""
        some, whole = (
            label_set(f"nyu:{realdata / 'nyu'}", full=f) for f in (False, True)
        )
        assert some.joints == (0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32)
        assert whole.joints == tuple(range(36))
        off = whole.joints_mm[:, some.joints] - some.joints_mm
        assert np.abs(off).max() < 0.0501
        assert whole.skeleton.name == "nyu36"

    def test_tables_alone_give_the_evaluated_joints(self, realdata):
        """A folder with tables alone holds the 14 joints as well."""
        some = label_set(f"nyu:{realdata / 'nyu' / 'joints36'}")
        assert some.uvd.shape == (8252, 14, 3)
        assert some.uvd[0, 1].tolist() == [174.37, 231.46, 753.06]

    def test_msra(self, realdata):
        """The file's own numbers, and where the camera sees them."""
        labels = label_set(f"msra:{realdata / 'msra14'}")
        assert labels.joints_mm[0, 0].tolist() == [-14.6527, -39.5652, 344.226]
        u, v = 160 - 14.6527 * 241.42 / 344.226, 120 + 39.5652 * 241.42 / 344.226
        np.testing.assert_allclose(labels.uvd[0, 0], [u, v, 344.226])
        assert labels.joints == tuple(range(21))


class TestForms:
    def test_native_icvl_text_is_the_same_set(self, realdata, tmp_path):
        """`test_seq_1.txt` and `test_seq_2.txt` give what the ground truth gives."""
        for name in ("test_seq_1.txt", "test_seq_2.txt.gz"):
            shutil.copy(realdata / "icvl" / name, tmp_path / name)
        native = label_set(f"icvl:{tmp_path}")
        truth = label_set(f"icvl:{realdata / 'icvl'}")
        np.testing.assert_array_equal(native.uvd, truth.uvd)
        np.testing.assert_array_equal(native.joints_mm, truth.joints_mm)
        testing = tmp_path / "root" / "Testing"
        testing.mkdir(parents=True)
        with gzip.open(testing / "labels.txt.gz", "wb") as file:
            file.write((tmp_path / "test_seq_1.txt").read_bytes())
        one = label_set(f"icvl:{tmp_path / 'root'}")
        np.testing.assert_array_equal(one.uvd, truth.uvd[:702])

    def test_any_ground_truth_text(self, realdata, tmp_path):
        """A file that has groundtruth_label in its name is taken; of two, none is."""
        source = realdata / "icvl" / "icvl_test_groundtruth_label.txt.gz"
        shutil.copy(source, tmp_path / "my_groundtruth_label_v2.txt.gz")
        (tmp_path / "._my_groundtruth_label_v2.txt.gz").write_bytes(b"hidden")
        assert label_set(f"icvl:{tmp_path}").uvd.shape == (1596, 16, 3)
        shutil.copy(source, tmp_path / "icvl_test_groundtruth_label.txt.gz")
        with pytest.raises(ValueError, match=r"must hold one .groundtruth_label. file"):
            label_set(f"icvl:{tmp_path}")

    def test_msra_sequences_in_the_published_order(self, tmp_path):
        """P0/9 comes before P0/I, and P1 after both; one subject's folder will do."""
        for number, name in enumerate(("P1/1", "P0/9", "P0/I"), start=1):
            folder = tmp_path / name
            folder.mkdir(parents=True)
            row = " ".join([f"{number} 0 -300"] * 21)
            (folder / "joint.txt").write_text(f"1\n{row}\n")
        assert label_set(f"msra:{tmp_path}").joints_mm[:, 0, 0].tolist() == [2, 3, 1]
        one = label_set(f"msra:{tmp_path / 'P0'}")
        assert one.joints_mm[:, 0, 0].tolist() == [2, 3]


class TestRefusals:
    @pytest.mark.parametrize("spec", ["nyuu:X", "nyu", "nyu:", "poses:X", ""])
    def test_an_unknown_kind(self, spec):
        """The sentence says which kinds there are."""
        with pytest.raises(
            ValueError, match=r"`labels` must be nyu:DIR, icvl:DIR, msra:DIR or folder"
        ):
            label_set(spec)

    @pytest.mark.parametrize("kind", ["nyu", "icvl", "msra"])
    def test_a_missing_and_an_empty_folder(self, tmp_path, kind):
        """The sentence says that there is none, or what it may hold."""
        with pytest.raises(ValueError, match="must name a folder that exists"):
            label_set(f"{kind}:{tmp_path / 'none'}")
        with pytest.raises(ValueError, match=r"must hold .* and holds none of them"):
            label_set(f"{kind}:{tmp_path}")

    def test_14_joints_where_36_are_wanted(self, realdata, tmp_path):
        """A folder with the text of 14 alone cannot give all joints."""
        name = "nyu_test_groundtruth_label.txt.gz"
        shutil.copy(realdata / "nyu" / name, tmp_path / name)
        assert label_set(f"nyu:{tmp_path}").uvd.shape == (8252, 14, 3)
        with pytest.raises(
            ValueError, match=r"must hold all 36 joints .* holds 14 in nyu_"
        ):
            label_set(f"nyu:{tmp_path}", full=True)

    def test_labels_of_another_set(self, realdata, tmp_path):
        """ICVL's 48 numbers are not taken for NYU's 42."""
        shutil.copy(
            realdata / "icvl" / "icvl_test_groundtruth_label.txt.gz",
            tmp_path / "nyu_test_groundtruth_label.txt.gz",
        )
        with pytest.raises(
            ValueError, match="42 numbers in every row, got 48 in row 1"
        ):
            label_set(f"nyu:{tmp_path}")

    def test_a_joint_behind_the_camera(self, tmp_path):
        """A depth below a millimetre is named with its frame and joint."""
        rows = [" ".join(["9 9 300"] * 16), " ".join(["9 9 300"] * 15 + ["9 9 0"])]
        path = tmp_path / "icvl_test_groundtruth_label.txt"
        path.write_text("\n".join(rows))
        with pytest.raises(ValueError, match="got 0 in frame 2, joint 15"):
            label_set(f"icvl:{tmp_path}")
