"""One small set in every form, against numbers worked out without the package."""

import json

import numpy as np
import pytest
from PIL import Image

from cnets.data.crops.recorded import Recorded
from cnets.data.opening import open_data
from cnets.data.readers.folder import reader
from cnets.data.splits import TEST, TRAIN, UNUSED, VALIDATION


def read(root, **options):
    """The recording of a folder."""
    return reader.recording(root, **({"centres": "auto"} | options))


def rows(own, **columns):
    """Lines of JSON with joints in one column, y down, and further columns."""
    joints = (own.joints_mm * [1, -1, 1]).round(4).tolist()
    lines = []
    for row, name in enumerate(own.names()):
        more = {key: held[row] for key, held in columns.items() if held[row] != "lacks"}
        lines.append(json.dumps({"frame": name, "joints": joints[row]} | more))
    return "\n".join(lines)


JSONL = (('"csv"', '"jsonl"'), ('columns = "{joint}_{axis}"', 'columns = "joints"'))


class TestEveryForm:
    def test_csv(self, own):
        """Y points down in the table and up here; frames are the files of the rows."""
        own.describe()
        held = read(own.root)
        np.testing.assert_allclose(held.joints_mm, own.joints_mm, atol=1e-4)
        assert held.files[2] == own.root / "depth" / "2.png"
        assert held.skeleton.joint_names == ("palm", "tip", "thumb")
        assert held.skeleton.bones == ((0, 1), (0, 2))
        assert (held.camera.fx, held.camera.width_px, held.hand) == (60.0, 64, "right")
        assert held.centres_uvd is None

    @pytest.mark.parametrize("between", [";", "\t"])
    def test_other_signs_between_cells(self, own, between):
        """Semicolon and tab, Windows' line ends, a mark of the encoding, blank lines."""
        text = (own.root / "table").read_text().replace(",", between)
        own.write("\ufeff" + text.replace("\n", "\r\n") + "\r\n\r\n")
        np.testing.assert_allclose(read(own.root).joints_mm, own.joints_mm, atol=1e-4)

    def test_json_lines_in_metres(self, own):
        """Lists in a list, in a column of their own; 0.001 m is a millimetre."""
        held = [(pose * [1, -1, 1] / 1000).tolist() for pose in own.joints_mm]
        text = "\n".join(
            json.dumps({"frame": name, "joints": pose})
            for name, pose in zip(own.names(), held, strict=True)
        )
        own.write(text)
        more = ('"joints"\n', '"joints"\nunit_mm = 1000\n')
        own.describe(*JSONL, more)
        np.testing.assert_allclose(read(own.root).joints_mm, own.joints_mm, atol=1e-3)

    def test_pixels_and_depth(self, own):
        """u, v and d by hand: x = (u - cx) d / fx, y = (cy - v) d / fy."""
        uvd = [[[38.0, 18.0, 480.0], [32, 24, 500], [26, 30, 540]]] * 5
        own.write(
            "\n".join(
                json.dumps({"frame": name, "joints": pose})
                for name, pose in zip(own.names(), uvd, strict=True)
            )
        )
        own.describe(*JSONL, ('["x", "-y", "z"]', '["u", "v", "d"]'))
        expected = [[48, 6 * 480 / 61, 480], [0, 0, 500], [-54, -6 * 540 / 61, 540]]
        np.testing.assert_allclose(read(own.root).joints_mm[1], expected, rtol=1e-6)

    def test_coco(self, own):
        """The frame gives the depth: 0.5 mm a step; hidden or unseen joints are NaN."""
        uv = [[38, 20, 2, 32, 24, 1, 40, 30, 0], [32, 5, 2, 99, 24, 2, 26, 24, 2]]
        own.write(own.coco([*uv, None, [32, 24, 2] * 3, [32, 24, 2] * 3]))
        own.describe(
            ('"csv"', '"coco"'),
            ('["x", "-y", "z"]', '["u", "v", "visible"]'),
            ('columns = "{joint}_{axis}"', 'columns = "keypoints"\nbehind_mm = 8'),
        )
        joints_mm = read(own.root).joints_mm
        depth = 450 + 8
        by_hand = [6 * depth / 60, 4 * depth / 61, depth]
        np.testing.assert_allclose(joints_mm[0, 0], by_hand, rtol=1e-6)
        assert np.isnan(joints_mm[0, 1:]).all()  # hidden; not labelled
        assert np.isnan(joints_mm[1, :2]).all()  # nothing seen there; outside
        np.testing.assert_allclose(joints_mm[1, 2, 2], 455 + 8)
        assert np.isnan(joints_mm[2]).all()  # an image without an annotation

    def test_hands17(self, tmp_path, realdata):
        """The native text of the issue: row 1 at the pixels that it names."""
        from cnets.data.readers.folder import guess, writing

        native = realdata.parent / "bug_inputs" / "data" / "hands17"
        if not native.is_dir():
            pytest.skip("inputs are missing: no folder bug_inputs/data/hands17")
        (tmp_path / "images").mkdir()
        lines = (native / "Training_Annotation.txt").read_text()
        (tmp_path / "labels.txt").write_text(lines)
        for line in lines.splitlines():
            frame = Image.fromarray(np.full((480, 640), 430, np.uint16))
            frame.save(tmp_path / "images" / line.split()[0])
        text = writing.text(guess.look(tmp_path))
        (tmp_path / "dataset.toml").write_text(text)
        held = read(tmp_path)
        assert held.joints_mm.shape == (12, 21, 3)
        x, y, z = held.joints_mm[0][[0, 20]].T
        u, v = 315.944855 + 475.065948 * x / z, 245.287079 - 475.065857 * y / z
        np.testing.assert_allclose(u, [315.94, 365.26], atol=0.006)
        np.testing.assert_allclose(v, [328.15, 164.27], atol=0.006)
        assert z[0] == 430
        names = held.skeleton.joint_names
        assert (names[0], names[5], names[20]) == ("wrist", "little_mcp", "little_tip")


class TestMissing:
    def test_joints(self, own):
        """Empty, nan, zeros and a mark: the joint is NaN, its neighbours are not."""
        text = (own.root / "table").read_text().splitlines()
        cells = [line.split(",") for line in text]
        cells[1][1] = ""
        cells[2][4] = "NaN"
        cells[3][7:10] = ["0", "0", "0.0"]
        cells[4][1:4] = ["-1", "-1", "-1"]
        own.write("\n".join(map(",".join, cells)))
        own.describe(('"{joint}_{axis}"', '"{joint}_{axis}"\nmissing = [0, -1]'))
        lost = np.isnan(read(own.root).joints_mm)
        expected = np.zeros((5, 3), bool)
        expected[[0, 1, 2, 3], [0, 1, 2, 0]] = True
        assert (lost == expected[..., None]).all()

    def test_a_mark_that_is_not_named(self, own):
        """-1 as a depth is refused with its row and joint."""
        text = (own.root / "table").read_text().splitlines()
        cells = [line.split(",") for line in text]
        cells[4][1:4] = ["-1", "-1", "-1"]
        own.write("\n".join(map(",".join, cells)))
        with pytest.raises(
            ValueError, match=r"table must .* got -1 mm for palm in row 5"
        ):
            read(own.root)

    def test_whole_rows(self, own):
        """null, an empty list and a missing key are frames without a label."""
        text = rows(own)
        lines = [json.loads(line) for line in text.splitlines()]
        lines[0]["joints"], lines[1]["joints"] = None, []
        del lines[2]["joints"]
        own.write("\n".join(map(json.dumps, lines)))
        own.describe(*JSONL)
        assert np.isnan(read(own.root).joints_mm).all((1, 2)).tolist() == [
            *[True] * 3,
            *[False] * 2,
        ]


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "rule"),
        [
            ("../depth/1.png", "inside"),
            ("/etc/passwd", "inside"),
            ("a\\1.png", "inside"),
            ("0.png", "once"),
            ("./0.png", "once"),
            ("9.png", "and there is"),
            ("", "name a frame"),
        ],
    )
    def test_refused(self, own, name, rule):
        """Names that lead out, come twice, or stand for nothing; table and row said."""
        text = (own.root / "table").read_text().replace("\n1.png", f"\n{name}")
        own.write(text)
        with pytest.raises(ValueError, match=rf"table (?=.*{rule}).*row 3"):
            read(own.root)

    def test_left_out_where_it_is_wished(self, own):
        """The other rows keep their joints, and the count is told."""
        (own.root / "depth" / "1.png").unlink()
        own.describe()
        held = read(own.root, skip_missing=True)
        kept = own.joints_mm[[0, 2, 3, 4]]
        np.testing.assert_allclose(held.joints_mm, kept, atol=1e-4)
        assert held.skipped == {"file missing": 1}

    def test_by_number(self, own):
        """A pattern writes zeros in front of the number of the table."""
        for row in range(5):
            (own.root / "depth" / f"{row}.png").rename(
                own.root / f"depth/f_{row:04d}.png"
            )
        own.write((own.root / "table").read_text().replace(".png", ""))
        own.describe(
            ('folder = "depth"', 'folder = "depth"\nname = "f_{frame:04d}.png"')
        )
        assert read(own.root).files[3].name == "f_0003.png"


class TestHands:
    def test_a_column(self, own, tmp_path):
        """Left hands become right ones: joints, crops and centres change side together."""
        hands = ["right", "L", "Left", "r", "RIGHT"]
        own.write(rows(own, side=hands))
        own.describe(*JSONL, ('hand = "right"', 'hand = {column = "side"}'))
        cut = {"side_px": 32, "cache": tmp_path}
        mixed = open_data(f"folder+labels:{own.root}", **cut)
        own.describe(*JSONL)
        plain = open_data(f"folder+labels:{own.root}", **cut)
        own.describe(*JSONL, ('hand = "right"', 'hand = "left"'))
        turned = open_data(f"folder+labels+mirror:{own.root}", **cut)
        left = np.array([False, True, True, False, False])
        for name in ("joints_mm", "crops", "centres_mm"):
            one, other, both = (getattr(d, name) for d in (plain, turned, mixed))
            expected = np.where(left.reshape(-1, *[1] * (one.ndim - 1)), other, one)
            np.testing.assert_allclose(both, expected, atol=1e-4)
        assert {plain.hand, turned.hand, mixed.hand} == {"right"}
        prints = {data.fingerprint for data in (mixed, plain, turned)}
        assert len(prints) == 3

    def test_mirror_beside_a_column(self, own):
        """Turning all of them round would make left hands of right ones."""
        own.write(rows(own, side=["right"] * 5))
        own.describe(*JSONL, ('hand = "right"', 'hand = {column = "side"}'))
        with pytest.raises(ValueError, match=r"without \+mirror"):
            read(own.root, mirrored=True)

    def test_a_word_that_is_no_hand(self, own):
        """It is named with its row."""
        own.write(rows(own, side=["right", "both", *["right"] * 3]))
        own.describe(*JSONL, ('hand = "right"', 'hand = {column = "side"}'))
        with pytest.raises(ValueError, match=r"right or left .* 'both' in row 2"):
            read(own.root)


class TestCentres:
    def test_labels(self, own):
        """The mean of the joints that are known; NaN where none is."""
        text = rows(own).splitlines()
        row = json.loads(text[1])
        row["joints"][0] = [None, None, None]
        text[1] = json.dumps(row)
        text[2] = json.dumps({"frame": "2.png"})
        own.write("\n".join(text))
        own.describe(*JSONL, ("[joints]", '[centres]\nfrom = "labels"\n[joints]'))
        found = read(own.root).centres_uvd
        x, y, z = own.joints_mm[1, 1:].mean(0)
        by_hand = [32 + 60 * x / z, 24 - 61 * y / z, z]
        np.testing.assert_allclose(found[1], by_hand, rtol=1e-5)
        assert np.isnan(found[2]).all()
        assert np.isfinite(found[[0, 1, 3, 4]]).all()

    def test_columns(self, own):
        """Pixels and millimetres as they stand; an empty one is to be found."""
        given = [[30.0, 20.0, 490.0], None, *[[31.0, 21.0, 495.0]] * 3]
        own.write(rows(own, middle=given))
        told = '[centres]\nfrom = "columns"\ncolumns = ["middle"]\n[joints]'
        own.describe(*JSONL, ("[joints]", told))
        found = read(own.root).centres_uvd
        np.testing.assert_allclose(found[0], given[0], rtol=1e-6)
        assert np.isnan(found[1]).all()
        assert read(own.root, centres="depth").centres_uvd is None


class TestSplits:
    def test_column(self, own):
        """Words of the table, in any letters; an empty one is in no split."""
        own.write(rows(own, part=["train", "Val", "TEST", "", "training"]))
        own.describe(
            *JSONL, ("[joints]", '[split]\nby = "column"\ncolumn = "part"\n[joints]')
        )
        split = next(iter(read(own.root).splits.values()))
        assert split.tolist() == [TRAIN, VALIDATION, TEST, UNUSED, TRAIN]

    def test_persons_are_kept_apart(self, own):
        """Three persons: the last is for test, the one before for validation."""
        own.write(rows(own, who=["b", "a", "b", "c", "a"]))
        told = ('form = "csv"', 'form = "csv"\nperson = "who"')
        own.describe(told, *JSONL, ("[joints]", '[split]\nby = "person"\n[joints]'))
        held = read(own.root)
        assert held.person.tolist() == [0, 1, 0, 2, 1]
        expected = [TRAIN, VALIDATION, TRAIN, TEST, VALIDATION]
        assert held.splits["person"].tolist() == expected
        assert list(held.splits) == ["person", "time"]

    def test_a_short_table(self, own):
        """Five frames: three to train on, one for validation, the last for test."""
        own.describe()
        expected = [TRAIN, TRAIN, TRAIN, VALIDATION, TEST]
        assert read(own.root).splits["time"].tolist() == expected

    def test_the_fingerprint_has_the_split(self, own, tmp_path):
        """Other words in the column are another data set."""
        prints = set()
        for last in ("train", "test"):
            own.write(rows(own, part=["train", "val", "test", "train", last]))
            told = '[split]\nby = "column"\ncolumn = "part"\n[joints]'
            own.describe(*JSONL, ("[joints]", told))
            data = open_data(f"folder:{own.root}", side_px=32, cache=tmp_path)
            prints.add(data.fingerprint)
        assert len(prints) == 2


class TestNumbersOfFrames:
    def test_the_unit_is_in_crops_and_their_key(self, own):
        """0.5 mm instead of 0.25 mm a step puts the slope at twice the depth."""
        depths, keys = [], set()
        for unit in ("0.25", "0.5"):
            own.describe(("unit_mm = 0.5", f"unit_mm = {unit}"))
            held = read(own.root)
            source = Recorded(held.files, held.camera, form=held.form)
            depths.append(float(source.make(slice(0, 1), 32).centres_mm[0, 2]))
            keys.add(source.key(32))
        assert depths == [225.0, 450.0]
        assert len(keys) == 2

    def test_another_size(self, own, tmp_path):
        """A frame that the camera cannot have taken is named."""
        own.describe(("width = 64", "width = 65"))
        with pytest.raises(ValueError, match=r"0\.png must have 65 x 48 pixels"):
            open_data(f"folder:{own.root}", side_px=32, cache=tmp_path)
