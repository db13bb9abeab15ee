"""The figures of a look at a data set, against frames whose faults are known."""

import numpy as np
import pytest
from PIL import Image

from harness import check_data


@pytest.fixture
def case(scene):
    """Twelve frames: in row 3 the hand is gone, row 8 is a copy, row 5 mislabelled."""
    made = scene("msra", 2, 12)
    made.frames_mm[3] = np.zeros((240, 320))
    made.frames_mm[9] = made.frames_mm[8]
    made.joints_mm[5] += [60, 60, 0]
    return made


class TestCheck:
    def test_figures(self, case, tmp_path):
        """Shares, counts, and the worst frames first."""
        facts = check_data.check(case.write(tmp_path), worst=3).facts()
        assert (facts["frames"], facts["looked_at"], facts["joints"]) == (12, 12, 252)
        assert facts["no_hand"] == facts["identical"] == 1
        assert 75 < facts["on_hand_percent"] < 90
        depths = np.concatenate([frame[frame > 0] for frame in case.frames_mm])
        assert (
            depths.min() <= facts["nearest_mm"] < facts["farthest_mm"] <= depths.max()
        )
        assert [frame["row"] for frame in facts["worst"]][:2] == [3, 5]
        assert facts["worst"][0]["on_hand_percent"] == 0
        assert facts["worst"][0]["frame"].endswith("P0/1/000003_depth.bin")
        assert facts["findings"] == []

    def test_fewer_frames(self, case, tmp_path):
        """Some are looked at, and the progress says how far it is."""
        steps = []
        spec = case.write(tmp_path)
        facts = check_data.check(spec, frames=8, progress=lambda *n: steps.append(n))
        assert facts.facts()["looked_at"] == len(steps) == 8
        assert "8 of 12 frames looked at" in check_data.sentence(facts.facts())

    def test_rendered(self):
        """There is no frame on disk; the joints lie in the crops."""
        facts = check_data.check("synthetic:40").facts()
        assert (facts["frames"], facts["looked_at"]) == (40, 0)
        assert facts["in_crop_percent"] > 95
        assert facts["centres"] == "from the labels"
        assert "no file to look at" in check_data.sentence(facts)

    def test_rendered_with_found_centres(self):
        """Joints are counted in the frames in which the centre was looked for."""
        facts = check_data.check("synthetic+depth:100").facts()
        assert (facts["frames"], facts["joints"]) == (100, 64 * 21)
        assert facts["centres"] == "found in the frames"
        assert facts["in_crop_percent"] > 98

    @pytest.mark.parametrize("word", ["", "@kinect2"])
    def test_unlabelled(self, realdata, word):
        """A folder of frames, with or without the name of its camera."""
        facts = check_data.check(f"{realdata}/kinect2_srn{word}").facts()
        assert (facts["frames"], facts["joints"], facts["no_hand"]) == (16, 0, 0)
        assert facts["on_hand_percent"] is None
        assert facts["worst"][0]["hand_cm2"] > 50

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            ({"data": "nowhere"}, "`data` must be"),
            (
                {"data": "synthetic:40", "frames": 0},
                "`frames` must be 1 or more, got 0",
            ),
            ({"data": "synthetic:40", "worst": 0}, "`worst` must be 1 or more, got 0"),
        ],
    )
    def test_bad_arguments(self, words, sentence):
        """Each is named."""
        with pytest.raises(ValueError, match=sentence):
            check_data.check(**words)


def test_a_described_folder_without_its_kind(tmp_path):
    """Its labels are not passed over in silence."""
    (tmp_path / "dataset.toml").write_text("")
    with pytest.raises(ValueError, match=rf"must be folder:{tmp_path} for a folder"):
        check_data.check(str(tmp_path))


class TestDraw:
    def test_worst(self, case, tmp_path):
        """Three frames of 320 x 240 with titles in a row; the lost one is blank."""
        checked = check_data.check(case.write(tmp_path / "set"), worst=3)
        check_data.draw(checked, tmp_path / "a.png")
        picture = np.asarray(Image.open(tmp_path / "a.png"))
        assert picture.shape == (270, 960, 3)
        assert (picture[30:, 320:640].max(-1) > 0).mean() > 0.02

    def test_rendered(self, tmp_path):
        """Another command draws them."""
        checked = check_data.check("synthetic:40")
        with pytest.raises(ValueError, match=r"`out` needs frames on disk.*data show"):
            check_data.draw(checked, tmp_path / "a.png")
