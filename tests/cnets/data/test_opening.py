"""Tests of `cnets.data`: what a data set is called, and what opening it gives."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from cnets.data import counts, opening
from cnets.data.splits import UNLABELLED


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Sets of 53 frames a person: as it is, and with two shares of the test split."""
    cache = tmp_path_factory.mktemp("cache")
    return [
        opening.open_data("synthetic:1060", side_px=32, unlabelled=text, cache=cache)
        for text in (None, "test:0.02", "test:0.0200", "test:0.01")
    ]


class TestOpenData:
    def test_synthetic(self, tmp_path):
        """Opening gives as many crops as asked for, with their joints."""
        told = []
        hands = opening.open_data(
            "synthetic:40",
            side_px=64,
            cache=tmp_path,
            progress=lambda *done: told.append(done),
        )
        assert hands.name == "synthetic:40"
        assert hands.crops.shape == (40, 64, 64)
        assert hands.joints_mm.shape == (40, 21, 3)
        assert told == [(0, 40), (40, 40)]
        assert hands.fingerprint.endswith("-person")

    def test_centres_found_in_rendered_frames(self, tmp_path):
        """The same poses about other centres, under another fingerprint."""
        plain, found = (
            opening.open_data(spec, side_px=32, cache=tmp_path)
            for spec in ("synthetic:20", "synthetic+depth:20")
        )
        assert (plain.centres, found.centres) == ("labels", "depth")
        assert plain.fingerprint != found.fingerprint
        assert np.array_equal(plain.joints_mm, found.joints_mm)
        away = np.linalg.norm(plain.centres_mm - found.centres_mm, axis=1)
        assert 10 < np.median(away) < 80
        assert plain.label_free_crops is not None
        assert np.array_equal(plain.label_free_crops(), found.crops)
        assert found.label_free_crops is None

    def test_crops_that_no_label_has_centred(self, nyu_set, tmp_path):
        """Of a recorded set, too: those of `+depth`, if labels give the centres."""
        plain, found = (
            opening.open_data(f"{kind}:{nyu_set}", side_px=32, cache=tmp_path)
            for kind in ("nyu", "nyu+depth")
        )
        assert (plain.centres, found.centres) == ("labels", "depth")
        assert plain.label_free_crops is not None
        assert np.array_equal(plain.label_free_crops(), found.crops)
        assert not np.array_equal(plain.crops, found.crops)
        assert found.label_free_crops is None

    @pytest.mark.parametrize("wish", ["mirror", "labels", "file", "skip-missing", ""])
    def test_other_wishes_of_a_rendered_set(self, wish, tmp_path):
        """A rendered set has no other kind of centres, and no files."""
        said = rf"must have \+depth or nothing behind a rendered set's kind, got \+{wish}\."
        with pytest.raises(ValueError, match=said):
            opening.open_data(f"synthetic+{wish}:20", side_px=32, cache=tmp_path)

    def test_default_split(self, tmp_path):
        """The data's own default is the split that its name asks for."""
        default, named = (
            opening.open_data("synthetic:20", side_px=32, split=split, cache=tmp_path)
            for split in (None, "person")
        )
        assert default.split.tolist() == named.split.tolist()
        assert default.fingerprint == named.fingerprint

    @pytest.mark.parametrize(
        "spec", ["nyu", "synthetic:", "synthetic:many", "synthetic:-5", "poses:", ""]
    )
    def test_unknown(self, spec, tmp_path):
        """An unknown set is refused, with the right names."""
        known = r"synthetic\[:FRAMES\], poses:DIR, nyu:DIR, icvl:DIR, msra:DIR or folder:DIR"
        complaint = rf"`data` must be {known}, got '{spec}'"
        with pytest.raises(ValueError, match=complaint):
            opening.open_data(spec, side_px=32, cache=tmp_path)

    def test_too_few(self, tmp_path):
        """Fewer frames than persons are refused, and nothing is written."""
        with pytest.raises(ValueError, match="needs 20 frames or more, got 5"):
            opening.open_data("synthetic:5", side_px=32, cache=tmp_path / "cache")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("side_px", [0, 48, 256])
    def test_bad_side(self, side_px, tmp_path):
        """A side that no network takes is refused."""
        complaint = rf"`side` must be one of 32, 64, 128, got {side_px}\."
        with pytest.raises(ValueError, match=complaint):
            opening.open_data("synthetic:20", side_px=side_px, cache=tmp_path)

    def test_bad_split(self, tmp_path):
        """A split that the set does not have is refused, with those it has."""
        complaint = "`split` must be one of person for synthetic:20, got 'block'"
        with pytest.raises(ValueError, match=complaint):
            opening.open_data("synthetic:20", side_px=32, split="block", cache=tmp_path)

    def test_missing_folder(self, tmp_path):
        """A missing folder of poses is refused."""
        with pytest.raises(ValueError, match="`data` must name a folder of poses"):
            opening.open_data(f"poses:{tmp_path}/none", side_px=32, cache=tmp_path)


class TestAShareOfTheTestSplit:
    def test_who_sees_them(self, opened):
        """The GAN does; they have no label and are in no split."""
        plain, shared, *_ = opened
        rows = np.flatnonzero(shared.split == UNLABELLED)
        assert len(rows) == 3 * 2
        assert set(rows) < set(plain.rows("test"))
        assert set(shared.depth_rows()) == {*plain.depth_rows(), *rows}
        assert np.isnan(shared.joints_mm[rows]).all()
        assert not shared.has_label[rows].any()
        for split in ("train", "validation", "test"):
            assert not set(rows) & set(shared.rows(split))
        assert len(shared.rows("test")) == 3
        assert np.array_equal(shared.labelled(1.0, 0), plain.labelled(1.0, 0))

    def test_no_label_centres_them(self, opened):
        """They are found in the frame; all other crops are what they were."""
        plain, shared, *_ = opened
        rows = np.flatnonzero(shared.split == UNLABELLED)
        away = np.linalg.norm(plain.centres_mm - shared.centres_mm, axis=1)
        assert (away[rows] > 5).all()
        assert np.count_nonzero(away) == len(rows)
        same = (plain.crops == shared.crops).all((1, 2))
        assert np.array_equal(np.flatnonzero(~same), rows)
        said = "The 6 frames of the test split whose labels are hidden"
        assert shared.notes[0].startswith(said)

    def test_they_are_counted(self, opened):
        """As unlabelled, and the gaps as dropped."""
        assert (
            "test 3, unlabelled 6, dropped 150 (150 between splits)"
            in counts.of(opened[1]).sentence()
        )
        assert counts.of(opened[1]).frames == 1060
        assert opened[1].lost == {"train": 0, "validation": 0, "test": 0}

    def test_another_share_is_other_data(self, opened):
        """The same share in other digits is not."""
        plain, shared, again, other = (data.fingerprint for data in opened)
        assert len({plain, shared, other}) == 3
        assert shared == again

    def test_frames_on_disk(self, icvl_set, tmp_path):
        """Where no label gives a centre the crops are the same, the fingerprint not."""
        shutil.rmtree(icvl_set / "Training")
        folder = icvl_set / "Testing"
        first, *_ = lines = (folder / "labels.txt").read_text().splitlines()
        for number in range(6, 60):
            name = f"test_seq_1/image_{number:04d}.png"
            frame = folder / "Depth" / name
            frame.hardlink_to(folder / "Depth" / "test_seq_1/image_0000.png")
            lines.append(first.replace("test_seq_1/image_0000.png", name))
        (folder / "labels.txt").write_text("\n".join([*lines, ""]))
        plain, shared = (
            opening.open_data(
                f"icvl+mirror:{icvl_set}",
                side_px=32,
                unlabelled=text,
                cache=tmp_path / "cache",
            )
            for text in (None, "test:0.1")
        )
        assert len(list((tmp_path / "cache").glob("*-3"))) == 1
        assert np.array_equal(plain.crops, shared.crops)
        assert plain.fingerprint != shared.fingerprint
        assert np.isnan(shared.joints_mm[:6]).all()
        assert np.array_equal(shared.joints_mm[6:], plain.joints_mm[6:])
        assert shared.rows("test").tolist() == [56, 57, 58, 59]
        assert shared.depth_rows().tolist() == list(range(6))
        assert not any("labels are hidden" in note for note in shared.notes)


class TestMorePoses:
    def test_they_are_part_of_the_set(self, tmp_path):
        """Numbers are part of the fingerprint, the name of the file is not."""
        opened = []
        draw = np.random.default_rng(0).normal(size=(5, 21, 3)) * 50
        for name, poses in (("a", draw), ("b", draw), ("c", draw + np.eye(3)[0])):
            np.save(tmp_path / f"{name}.npy", poses)
            opened.append(
                opening.open_data(
                    "synthetic:20",
                    side_px=32,
                    poses_file=str(tmp_path / f"{name}.npy"),
                    cache=tmp_path / "cache",
                )
            )
        plain = opening.open_data("synthetic:20", side_px=32, cache=tmp_path / "cache")
        first, same, other = (data.fingerprint for data in opened)
        assert first == same
        assert len({first, other, plain.fingerprint}) == 3
        assert np.array_equal(opened[0].more_poses_mm, draw.astype(np.float32))
        assert opened[0].notes == (
            "5 poses of a.npy are half of what the VAE trains on.",
        )
        assert (len(plain.more_poses_mm), plain.notes) == (0, ())

    def test_a_missing_file_is_told_before_crops_are_made(self, tmp_path):
        """Nothing is written."""
        with pytest.raises(ValueError, match=r"`poses` must be a \.npy file"):
            opening.open_data(
                "synthetic:20",
                side_px=32,
                poses_file=str(tmp_path / "none.npy"),
                cache=tmp_path / "cache",
            )
        assert list(tmp_path.iterdir()) == []


class TestLook:
    def test_synthetic(self):
        """One line says frames, joints, persons and splits."""
        expected = "40 frames, 21 joints, 20 persons; splits: person"
        assert opening.look("synthetic:40") == expected

    def test_real(self, realdata):
        """The real poses have two ways to split them."""
        expected = "8252 frames, 36 joints, 2 persons; splits: block, person"
        assert opening.look(f"poses:{realdata}/nyu") == expected

    def test_unknown(self):
        """An unknown set is refused."""
        with pytest.raises(ValueError, match="`data` must be"):
            opening.look("icvl")

    def test_what_cannot_be_trained_on(self, icvl_set):
        """A set without a label to train on, or without a validation frame."""
        shutil.rmtree(icvl_set / "Training")
        with pytest.raises(
            ValueError, match=r"a label to train on, .* split test-only"
        ):
            opening.look(f"icvl:{icvl_set}")


class TestWithWish:
    def test_behind_the_kind(self):
        """Once, whatever else is wished; not without being asked."""
        add = opening.with_wish
        assert add("nyu:a:b", "skip-missing", True) == "nyu+skip-missing:a:b"
        assert add("nyu+mirror:d", "skip-missing", True) == "nyu+mirror+skip-missing:d"
        once = "icvl+skip-missing:d"
        assert add(once, "skip-missing", True) == once
        assert add("icvl:d", "skip-missing", False) == "icvl:d"

    @pytest.mark.parametrize("spec", ["synthetic:20", "poses:d", "other"])
    def test_sets_without_frames(self, spec):
        """They have no file that could be missing."""
        with pytest.raises(ValueError, match="`skip_missing` needs a set with frames"):
            opening.with_wish(spec, "skip-missing", True)


class TestResolved:
    def test_poses(self, monkeypatch, tmp_path):
        """A folder's name holds in every working directory."""
        monkeypatch.chdir(tmp_path)
        assert opening.resolved("poses:../real") == f"poses:{tmp_path.parent / 'real'}"
        found = opening.resolved("poses+depth:../real")
        assert found == f"poses+depth:{tmp_path.parent / 'real'}"

    @pytest.mark.parametrize("spec", ["synthetic", "synthetic:40", "poses", "other:x"])
    def test_others(self, spec):
        """Names without a folder stay as they are."""
        assert opening.resolved(spec) == spec

    def test_twice(self):
        """Resolving again changes nothing."""
        once = opening.resolved("poses:somewhere")
        assert opening.resolved(once) == once
        assert once == f"poses:{Path.cwd() / 'somewhere'}"


class TestResolvedFolder:
    def test_a_folder(self, monkeypatch, tmp_path):
        """Its name holds in every working directory, whatever stands behind it."""
        monkeypatch.chdir(tmp_path)
        assert opening.resolved_folder("a@sr300") == f"{tmp_path}/a@sr300"
        assert opening.resolved_folder(None) is None

    def test_a_share(self):
        """It is no folder."""
        assert opening.resolved_folder("test:0.5") == "test:0.5"
