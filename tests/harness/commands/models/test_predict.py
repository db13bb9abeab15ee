"""Tests of `crossnets predict`: its exit codes, its picture, and what it refuses."""

import json
import shutil

import pytest
from PIL import Image

from harness import predict
from harness.commands import cli, exit_codes


CENTRE = "210.1553,268.6423,776.0995"
"""The authors' centre of native frame 1."""


@pytest.fixture
def nyu(realdata) -> list[str]:
    """Frame 1 of NYU, read by the authors' networks."""
    weights = realdata / "crossingnet_weights" / "NYU_pretrained"
    frame = realdata / "nyu" / "frames" / "depth_1_0000001.png"
    return ["predict", str(frame), "--model", f"published:{weights}", "--camera", "nyu"]


def refused(capsys, words: list[str]) -> str:
    """The one sentence that a command is refused with."""
    assert cli.run(words) == cli.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


class TestPublished:
    def test_a_folder(self, capsys, nyu, tmp_path, realdata):
        """What is no depth frame in a folder is passed over and told, code 1."""
        for name in ("00000025.png", "00000049.png", "00000385.png"):
            shutil.copyfile(realdata / "kinect2_srn" / name, tmp_path / name)
        words = ["predict", str(tmp_path), *nyu[2:-1], "kinect2", "--format", "json"]
        assert cli.run(words) == exit_codes.FAILED
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
