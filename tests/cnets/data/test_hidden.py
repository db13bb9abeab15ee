"""Tests of `cnets.data.hidden`: whose labels are hidden, and where crops are cut."""

import dataclasses

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.data import hidden, splits
from cnets.data.readers import synthetic
from cnets.data.readers.recording import Recording
from cnets.data.splits import TEST, TRAIN, UNLABELLED
from cnets.hands.skeleton import ICVL16


@pytest.fixture
def recording() -> Recording:
    """Two hundred frames of one person, whose centres are from labels."""
    split = np.repeat([TRAIN, TEST], 100).astype(np.int8)
    return Recording(
        name="icvl",
        skeleton=ICVL16,
        camera=CAMERAS["icvl"],
        files=(),
        joints_mm=np.ones((200, 16, 3), np.float32),
        centres_uvd=np.ones((200, 3), np.float32),
        person=np.zeros(200, np.int32),
        splits={"other": split[::-1].copy(), "way": split},
        mirrored=False,
        centres="labels",
    )


class TestShareOf:
    @pytest.mark.parametrize(
        ("text", "share"),
        [
            ("test:0.5", 0.5),
            ("test:1e-3", 0.001),
            (None, None),
            ("frames@kinect2", None),
            ("tests:0.5", None),
            ("./test:0.5", None),
        ],
    )
    def test_texts(self, text, share):
        """A share is told from a folder by what stands before it."""
        assert hidden.share_of(text) == share

    @pytest.mark.parametrize("share", ["0", "1", "-0.5", "1.5", "nan", "half", ""])
    def test_out_of_range(self, share):
        """What is no number in (0, 1) is refused."""
        said = rf"must be test:SHARE with a share in \(0, 1\), got 'test:{share}'\."
        with pytest.raises(ValueError, match=said):
            hidden.share_of(f"test:{share}")

    def test_a_folder_of_this_name(self, tmp_path, monkeypatch):
        """It is not guessed which of the two is meant."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "test:0.5").mkdir()
        with pytest.raises(
            ValueError, match=r"which is both; \./test:0\.5 is the folder"
        ):
            hidden.share_of("test:0.5")


class TestOnlyShare:
    @pytest.mark.parametrize(
        ("asked", "seen", "left_out"),
        [
            (None, None, None),
            ("test:0.5", None, "test:0.5"),
            (None, "test:0.5", "test:0.5"),
            ("test:0.50", "test:0.5", "test:0.50"),
        ],
    )
    def test_what_is_left_out(self, asked, seen, left_out):
        """A model that says what it has seen need not be told."""
        assert hidden.only_share(asked, seen) == left_out

    def test_another_share_than_the_model_has_seen(self):
        """It would test on frames that were trained on."""
        said = r"`unlabelled` must be test:0.5, which the model .* got 'test:0.25'"
        with pytest.raises(ValueError, match=said):
            hidden.only_share("test:0.25", "test:0.5")


class TestHide:
    def test_a_recording(self, recording):
        """One split is shared; centres of those frames are to be found in them."""
        found, notes = hidden.hide(recording, "way", 0.25)
        split = splits.hidden(recording.splits["way"], recording.person, 0.25)
        assert np.array_equal(found.splits["way"], split)
        assert np.array_equal(found.splits["other"], recording.splits["other"])
        rows = split == UNLABELLED
        assert rows.sum() == 25
        assert np.array_equal(np.isnan(found.centres_uvd).all(1), rows)
        assert (found.centres_uvd[~rows] == 1).all()
        assert notes[0].startswith("The 25 frames of the test split whose labels are")
        assert (recording.splits["way"] == TEST).sum() == 100
        assert (recording.centres_uvd == 1).all()

    @pytest.mark.parametrize(
        ("centres", "moved"),
        [("labels", 25), ("file and labels", 25), ("file", 0), ("depth", 0)],
    )
    def test_only_labels_are_hidden(self, recording, centres, moved):
        """Centres of a file, or found in the frames, are what they were."""
        given = dataclasses.replace(recording, centres=centres)
        found, notes = hidden.hide(given, "way", 0.25)
        assert np.isnan(found.centres_uvd).all(1).sum() == moved
        assert len(notes) == (moved > 0)

    def test_a_rendered_set(self):
        """Its poses stay, because its frames are made from them."""
        read = synthetic.labels(1060)
        found, _ = hidden.hide(read, "person", 0.02)
        rows = found.splits["person"] == UNLABELLED
        assert rows.sum() == 3 * 2
        assert np.array_equal(np.isnan(found.centres_mm).all(1), rows)
        assert np.array_equal(found.joints_mm, read.joints_mm)
