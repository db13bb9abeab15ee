"""Tests of `harness.predict`: frames in, joints out, on real frames."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from cnets import geometry
from cnets.cameras import CAMERAS
from cnets.data.readers import label_sets
from harness import predict
from harness.commands import cli


CENTRE = "210.1553,268.6423,776.0995"
"""The authors' centre of native frame 1."""


@pytest.fixture
def nyu(realdata) -> list[str]:
    """Frame 1 of NYU, read by the authors' networks."""
    weights = realdata / "crossingnet_weights" / "NYU_pretrained"
    frame = realdata / "nyu" / "frames" / "depth_1_0000001.png"
    return ["predict", str(frame), "--model", f"published:{weights}", "--camera", "nyu"]


def said(capsys, words: list[str], code: int = 0) -> list[dict]:
    """The JSON that a command prints."""
    assert cli.run([*words, "--format", "json"]) == code
    return json.loads(capsys.readouterr().out)


def refused(capsys, words: list[str]) -> str:
    """The one sentence that a command is refused with."""
    assert cli.run(words) == cli.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


class TestPublished:
    def test_error_of_the_native_frame(self, capsys, nyu, realdata):
        """Around the authors' centre: 6.44 mm mean and 14.25 mm worst."""
        (found,) = said(capsys, [*nyu, "--center", CENTRE])
        labels = label_sets.label_set(f"nyu:{realdata / 'nyu'}")
        read = np.array(found["joints_mm"])[list(labels.joints)]
        errors = np.linalg.norm(read - labels.joints_mm[0], axis=1)
        assert errors.mean() == pytest.approx(6.44, abs=0.05)
        assert errors.max() == pytest.approx(14.25, abs=0.05)

    def test_pixels_and_millimetres_agree(self, capsys, nyu):
        """Each joint's pixel is where the camera sees its millimetres."""
        (found,) = said(capsys, [*nyu, "--center", CENTRE])
        x, y, z = np.array(found["joints_mm"]).T
        camera = CAMERAS["nyu"]
        u, v = camera.cx + camera.fx * x / z, camera.cy - camera.fy * y / z
        np.testing.assert_allclose(found["joints_px"], np.stack([u, v], 1), rtol=1e-5)
        assert found["center_uvd"] == pytest.approx([210.1553, 268.6423, 776.0995])

    def test_centre_from_the_frame(self, capsys, nyu):
        """Without a centre the hand is found, and its joints lie on it."""
        (found,) = said(capsys, nyu)
        assert found["center_uvd"][:2] == pytest.approx([210, 268], abs=2)
        distance = np.array(found["joints_px"]) - found["center_uvd"][:2]
        assert np.abs(distance).max() < 110

    def test_a_camera_in_numbers(self, capsys, nyu):
        """The name of a camera and its numbers give the same joints."""
        named = said(capsys, nyu)
        words = [*nyu[:-1], "588.03,587.07,320,240"]
        assert said(capsys, words) == named

    def test_a_mirrored_frame(self, capsys, nyu, tmp_path):
        """A frame turned round, read with --mirror, gives the joints turned round."""
        with Image.open(nyu[1]) as image:
            turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        turned.save(tmp_path / "turned.png")
        camera = "588.03,587.07,319,240"  # the axis moves along: 639 - 320
        (plain,) = said(capsys, [*nyu, "--center", CENTRE])
        words = [nyu[0], str(tmp_path / "turned.png"), *nyu[2:-1], camera, "--mirror"]
        (found,) = said(capsys, [*words, "--center", "428.8447,268.6423,776.0995"])
        wanted = np.array(plain["joints_mm"]) * [-1, 1, 1]
        np.testing.assert_allclose(found["joints_mm"], wanted, atol=1e-2)

    def test_a_folder(self, capsys, nyu, tmp_path, realdata):
        """What is no depth frame in a folder is passed over and told, code 1."""
        for name in ("00000025.png", "00000049.png", "00000385.png"):
            shutil.copyfile(realdata / "kinect2_srn" / name, tmp_path / name)
        words = ["predict", str(tmp_path), *nyu[2:-1], "kinect2", "--format", "json"]
        assert cli.run(words) == cli.FAILED
        out, err = capsys.readouterr()
        names = [found["frame"][-12:] for found in json.loads(out)]
        assert names == ["00000025.png", "00000049.png"]
        assert err.count("passed over") == 1
        assert "00000385.png must be" in err

    def test_view(self, capsys, nyu, tmp_path):
        """The picture has a tile a frame, and the joints' colours in it."""
        out = tmp_path / "view.png"
        assert cli.run([*nyu, "--center", CENTRE, "--view", str(out)]) == 0
        capsys.readouterr()
        with Image.open(out) as image:
            assert image.size == (predict.VIEW_PX, predict.VIEW_PX)
            colours = {colour for _, colour in image.getcolors(1 << 16) or []}
        assert (240, 90, 90) in colours

    def test_table(self, capsys, nyu):
        """The table has a row a joint."""
        assert cli.run(nyu) == 0
        assert capsys.readouterr().out.count("depth_1_0000001.png") == 36


class TestBadInput:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--camera", "nyuu"], "`camera` must be one of nyu, icvl"),
            (["--camera", "1,2,3"], "`camera` must be one of nyu, icvl"),
            (["--camera", "0,1,2,3"], "`camera` must be one of nyu, icvl"),
            (["--center", "1,2"], "`center` must be U,V,D with a depth above 0"),
            (["--center", "1,2,0"], "`center` must be U,V,D with a depth above 0"),
            (["--center", "a,2,3"], "`center` must be U,V,D with a depth above 0"),
            (["--view", "nowhere/a.png"], "`view` must lie in a folder that exists"),
            (["--format", "xml"], "`--format` must be one of table, json, csv"),
            (["--model", "published:nowhere"], "`model` must name a folder of weights"),
            (["--model", "nowhere"], "`model` must be published:DIR or a folder"),
            (["--mirrror"], "`--mirrror` is no option of crossnets predict; did you"),
        ],
    )
    def test_options(self, capsys, nyu, words, sentence):
        """Each gives one sentence with the rule, and code 2."""
        assert sentence in refused(capsys, [*nyu, *words])

    def test_frames(self, capsys, nyu, tmp_path):
        """A missing file, an empty folder and a text file are refused."""
        (tmp_path / "empty").mkdir()
        (tmp_path / "text.png").write_text("no picture")
        for name, sentence in (
            ("none.png", "`frames` must name files that exist"),
            ("empty", "has none"),
            ("text.png", "must be a PNG, and does not begin like one"),
        ):
            words = ["predict", str(tmp_path / name), *nyu[2:]]
            assert sentence in refused(capsys, words)

    def test_no_model_in_a_folder(self, capsys, nyu, tmp_path):
        """A folder that holds no model is refused."""
        words = [*nyu[:2], "--model", str(tmp_path), "--camera", "nyu"]
        assert "holds no model" in refused(capsys, words)


def test_a_point_is_where_the_camera_says():
    """Uncrossing pixels and depth gives the point back, y up."""
    uvd = torch.tensor([[[400.0, 100.0, 700.0]]])
    camera = predict.camera_of("500,400,320,240")
    x, y, z = geometry.to_mm_from_uvd(uvd, camera)[0, 0].tolist()
    assert (x, y, z) == pytest.approx((112, 245, 700))
