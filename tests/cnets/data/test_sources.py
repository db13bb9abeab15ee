"""Tests of `cnets.data.sources`: which frames are cropped about which centres."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from cnets.data import sources
from cnets.data.crops.recorded import Recorded
from cnets.data.crops.rendered import Rendered
from cnets.data.opening import labels_of
from cnets.data.readers import unlabelled


class TestSourceOf:
    def test_each_kind(self, icvl_set):
        """Poses are rendered, frames are read: all that the reader says goes along."""
        assert isinstance(sources.source_of(labels_of("synthetic:20")), Rendered)
        read = labels_of(f"icvl+mirror:{icvl_set}")
        source = sources.source_of(read)
        assert isinstance(source, Recorded)
        for name in ("files", "camera", "centres_uvd", "mirrored", "form", "turned"):
            assert getattr(source, name) is getattr(read, name)
        assert np.array_equal(source.background_mm, read.background_mm)


class TestLabelFree:
    def test_only_where_labels_give_centres(self, nyu_set, tmp_path):
        """A file of centres or those found in the frames are as they are."""
        read = labels_of(f"nyu:{nyu_set}")
        for centres, wanted in (
            ("labels", True),
            ("file and labels", True),
            ("file", False),
            ("depth", False),
        ):
            other = dataclasses.replace(read, centres=centres)
            made = sources.label_free(other, 32, tmp_path, None, None)
            assert (made is not None) == wanted
        assert (
            list(tmp_path.glob("*-*")) == []
        )  # nothing is made before it is asked for

    def test_progress_is_told(self, tmp_path):
        """The frames are made when they are asked for."""
        told = []
        read = labels_of("synthetic:20")
        crops = sources.label_free(read, 32, tmp_path, lambda *n: told.append(n), 1)
        assert (crops is not None, told) == (True, [])
        assert crops().shape == (20, 32, 32)
        assert told == [(0, 20), (20, 20)]


class TestUnlabelled:
    def test_extra(self, realdata, tmp_path):
        """Centres are found in the frames; without a folder there is nothing."""
        assert sources.extra(None, 32, tmp_path, None, None) == (None, ())
        text = f"{realdata}/kinect2_srn"
        made, notes = sources.extra(text, 32, tmp_path, None, None)
        assert made is not None
        assert (made.crops.shape, len(notes)) == ((16, 32, 32), 1)
        source = sources.of_unlabelled(unlabelled.frames(text))
        assert source.centres_uvd is None

    def test_frames_in_another_unit(self, tmp_path):
        """They are refused before a crop is made."""
        frame = np.zeros((424, 512), np.uint16)
        frame[100:300, 100:300] = 7000 + np.arange(200)
        Image.fromarray(frame).save(tmp_path / "a.png")
        with pytest.raises(ValueError, match="must show a hand 100 to 1500 mm away"):
            sources.of_unlabelled(unlabelled.frames(f"{tmp_path}@kinect2"))
