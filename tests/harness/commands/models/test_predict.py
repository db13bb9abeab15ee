"""Tests of `crossnets predict`: its exit codes, its picture, and what it refuses."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
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
        """The table of the frame has a row a joint, with five numbers."""
        assert cli.run(nyu) == 0
        _, name, table = capsys.readouterr().out.partition("depth_1_0000001.png")
        assert name
        rows = [line for line in table.splitlines() if line.count("\u2502") == 7]
        assert len(rows) == 36


class TestBadInput:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--camera", "nyuu"], "`camera` must be one of nyu, icvl"),
            (["--camera", "1,2,3"], "`camera` must be one of nyu, icvl"),
            (
                ["--camera", "0,1,2,3"],
                "`camera` must have focal lengths above 0 pixels",
            ),
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


@pytest.fixture(scope="module")
def model(train, tmp_path_factory) -> str:
    """Networks of rendered right hands, hardly trained; they are only read."""
    runs = tmp_path_factory.mktemp("model") / "runs"
    train(runs, steps=1)
    return str(runs / "checkpoints" / "s" / "t-00001")


def hand_mm() -> np.ndarray:
    """A frame of 640 x 480 with a thing of two depths, 100 mm wide, 588 mm away."""
    frame = np.zeros((480, 640))
    frame[220:320, 166:216], frame[220:320, 216:266] = 583, 593
    return frame


def write(path: Path, frame: np.ndarray) -> str:
    """A frame as a grey PNG of 16 bits."""
    Image.fromarray(frame.astype(np.uint16)).save(path)
    return str(path)


class TestNoHand:
    @pytest.fixture
    def words(self, model):
        """A command without its frames."""
        return ["--model", model, "--camera", "nyu"]

    @pytest.mark.parametrize("depth_mm", [0, 700, 2000])
    def test_in_every_format(self, capsys, tmp_path, words, depth_mm):
        """A row without joints that says so, code 1, and a picture."""
        name = write(tmp_path / "a.png", np.full((480, 640), depth_mm))
        picture = tmp_path / "view.png"
        command = ["predict", name, *words, "--view", str(picture), "--format"]
        assert cli.run([*command, "json"]) == exit_codes.FAILED
        out, err = capsys.readouterr()
        assert json.loads(out) == [
            {
                "frame": name,
                "found": False,
                "center_uvd": None,
                "joints_mm": None,
                "joints_px": None,
            }
        ]
        assert "1 of 1 frames show no hand" in err
        with Image.open(picture) as image:
            colours = {colour for _, colour in image.getcolors(1 << 16) or []}
        assert (200, 200, 200) in colours
        assert cli.run([*command, "csv"]) == exit_codes.FAILED
        assert capsys.readouterr().out.splitlines() == [
            "frame,found,joint,x_mm,y_mm,z_mm,u_px,v_px",
            f"{name},false,,,,,,",
        ]
        assert cli.run([*command, "table"]) == exit_codes.FAILED
        assert "no hand found" in " ".join(capsys.readouterr().out.split())

    def test_in_a_folder(self, capsys, tmp_path, words):
        """Their count is told, hidden files are none, and one hand is enough."""
        folder = tmp_path / "frames"
        folder.mkdir()
        write(folder / "a.png", hand_mm() * 0)
        write(folder / "b.png", hand_mm())
        write(folder / "c.png", hand_mm() * 8)
        (folder / "._a.png").write_bytes(b"a Mac wrote this")
        command = ["predict", str(folder), *words, "--format", "csv"]
        assert cli.run(command) == exit_codes.DONE
        out, err = capsys.readouterr()
        rows = list(csv.DictReader(io.StringIO(out)))
        assert len(rows) == 21 + 2
        assert {row["frame"][-5:]: row["found"] for row in rows} == {
            "a.png": "false",
            "b.png": "true",
            "c.png": "false",
        }
        assert "2 of 3 frames show no hand" in err

    def test_at_a_centre(self, capsys, tmp_path, words):
        """Nothing lies about a centre that was given: it stays, joints do not."""
        command = ["predict", write(tmp_path / "a.png", hand_mm()), *words]
        command += ["--center", "500,100,588", "--format", "json"]
        assert cli.run(command) == exit_codes.FAILED
        (row,) = json.loads(capsys.readouterr().out)
        assert (row["found"], row["center_uvd"]) == (False, [500, 100, 588])

    def test_depths_in_eighths(self, capsys, tmp_path, words):
        """With their unit they are the frame in millimetres, to the last digit."""
        plain = write(tmp_path / "mm.png", hand_mm())
        eighths = write(tmp_path / "eighths.png", hand_mm() * 8)
        found = []
        for more in ([plain], [eighths, "--depth-unit", "0.125"]):
            assert cli.run(["predict", *more, *words, "--format", "json"]) == 0
            (row,) = json.loads(capsys.readouterr().out)
            assert row.pop("frame") == more[0]
            found.append(row)
        assert found[0] == found[1]
        assert found[0]["center_uvd"] == [215.5, 269.5, 588]


class TestWhatDoesNotFit:
    def test_size(self, capsys, tmp_path, model):
        """A frame of another size than its camera's, alone or in a folder."""
        (tmp_path / "f").mkdir()
        name = write(tmp_path / "f" / "a.png", hand_mm()[::2, ::2])
        small = "frames are 320 x 240, camera nyu has 640 x 480."
        for where in (name, str(tmp_path / "f")):
            words = ["predict", where, "--model", model, "--camera"]
            assert small in refused(capsys, [*words, "nyu"])
            known = [*words, "294,293.5,160,120,320,241"]
            assert "camera as given has 320 x 241" in refused(capsys, known)
            middle = refused(capsys, [*words, "588,587,330,240"])
            assert "whose middle is at 330, 240, and has 320 x 240" in middle
            assert cli.run([*words, "294,293.5,160,120,320,240"]) == 0
            capsys.readouterr()

    @pytest.mark.parametrize(
        ("center", "said"),
        [
            (
                "5000,240,756",
                "must lie in the frame of 640 x 480 pixels, got 5000, 240",
            ),
            ("-1,240,756", "must lie in the frame of 640 x 480 pixels, got -1, 240"),
            ("210,269,0.756", "must have a depth of 10 to 1500 mm, got 0.756"),
            ("210,269,7560", "must have a depth of 10 to 1500 mm, got 7560"),
        ],
    )
    def test_centre(self, capsys, tmp_path, model, center, said):
        """Outside the frame or in another unit, for one frame and for many."""
        name = write(tmp_path / "a.png", hand_mm())
        words = ["predict", name, "--model", model, "--camera"]
        assert said in refused(capsys, [*words, "nyu", "--center", center])
        numbers = "588.03,587.07,320,240"
        assert said in refused(capsys, [*words, numbers, "--center", center])
        (tmp_path / "c.txt").write_text(f"210 269 756\n{center}\n")
        table = ["--centers", str(tmp_path / "c.txt")]
        assert f"row 2, {said}" in refused(capsys, [*words, "nyu", *table])

    @pytest.mark.parametrize("unit", ["0", "-1", "nan", "inf", "2000"])
    def test_unit(self, capsys, tmp_path, model, unit):
        """Above 0 and at most a metre."""
        name = write(tmp_path / "a.png", hand_mm())
        words = ["predict", name, "--model", model, "--camera", "nyu"]
        assert "`--depth-unit` must be" in refused(
            capsys, [*words, f"--depth-unit={unit}"]
        )

    def test_hand(self, capsys, tmp_path, model):
        """The model says that it reads right hands; left ones need --mirror."""
        name = write(tmp_path / "a.png", hand_mm())
        words = ["predict", name, "--model", model, "--camera", "nyu", "--hand"]
        assert "add `--mirror`" in refused(capsys, [*words, "left"])
        assert "leave out `--mirror`" in refused(capsys, [*words, "right", "--mirror"])
        for right in (["left", "--mirror"], ["right"]):
            assert cli.run([*words, *right]) == 0
            out = capsys.readouterr().out
            assert "a model of right hands" in " ".join(out.split())

    def test_device(self, capsys, tmp_path, model, monkeypatch):
        """No GPU: one sentence."""
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
        name = write(tmp_path / "a.png", hand_mm())
        words = ["predict", name, "--model", model, "--camera", "nyu"]
        said = refused(capsys, [*words, "--device", "cuda"])
        assert "must be cpu where torch finds no GPU" in said


class TestCentresOfManyFrames:
    @pytest.fixture
    def words(self, tmp_path, model):
        """A command for two frames."""
        names = [write(tmp_path / f"{n}.png", hand_mm()) for n in "ab"]
        words = ["predict", *names, "--model", model, "--camera", "nyu"]
        return [*words, "--format", "json", "--centers", str(tmp_path / "c.txt")]

    @pytest.mark.parametrize(
        ("text", "how"),
        [
            ("210 269 588\n\n220,260,590\n", "in the order of the frames"),
            ("b.png 220 260 590\na.png 210 269 588\n", "by name"),
            ("frame,u,v,d\nb.png,220,260,590\nx/a.png,1,1,99\na.png,210,269,588", ""),
        ],
    )
    def test_are_taken(self, capsys, tmp_path, words, text, how):
        """By order or by name, and which of them is told."""
        folder = str(tmp_path)
        if not how:  # a name with a folder that is another frame's is passed over
            text, how = text.replace("a.png,210", f"{folder}/a.png,210"), "by name"
        (tmp_path / "c.txt").write_text(text)
        assert cli.run(words) == 0
        out, err = capsys.readouterr()
        found = [row["center_uvd"] for row in json.loads(out)]
        assert found == [[210, 269, 588], [220, 260, 590]]
        assert f"taken {how}" in err

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("210 269 588\n", "a row for each of the 2 frames, or their names, got 1"),
            ("a.png 210 269 588\n", "must name all 2 frames, and lacks 1:"),
            ("a.png 210 269 588\n1 2 588\n", "in all rows or in none, and row 2"),
            ("a.png 1 2 588\nb.png 1 2 588\na.png 1 2 588", "names 1 and 3 both mean"),
            ("210 269 588\n210 nan 588\n", "'210 nan 588' in row 2"),
            ("1 2\n", "rows U V D or NAME U V D of finite numbers"),
            ("\n", "must hold a row U V D or more"),
            (None, "must be a file, and is none"),
        ],
    )
    def test_are_refused(self, capsys, tmp_path, words, text, said):
        """One sentence that names the file and the row."""
        if text is not None:
            (tmp_path / "c.txt").write_text(text)
        assert said in refused(capsys, words)
