"""Tests of `harness.evaluate`: published figures, and frames whose error is known.

Expected figures are numpy in float64 on numbers that the test reads itself. The
metrics have tests of their own, and so have the formats and the picture.
"""

import dataclasses
import gzip
import json
import shutil

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from cnets.data.opening import open_data
from cnets.data.readers import label_sets
from cnets.inference import models
from harness import evaluate
from harness.commands import cli


EVALUATED = [0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32]
"""Joints of NYU that the papers take errors over, of 36."""

PUBLISHED = {
    "nyu/predictions/CVPR18_NYU_denseReg": (10.214, 0.5642, 0.8579),
    "nyu/predictions/CVWW15_NYU_Prior": (20.750, 0.1627, 0.4924),
    "nyu/predictions/AWR_resnet_18": (7.754, 0.7722, 0.9134),
    "icvl/predictions/CVPR18_ICVL_denseReg": (7.239, 0.7964, 0.9706),
    "icvl/predictions/CVPR14_LRF_Results": (12.578, 0.2074, 0.7086),
}
"""Mean error in mm and shares within 20 and 40 mm, as published or measured."""


def said(capsys, words: list[str]) -> dict:
    """The JSON that `crossnets evaluate` prints."""
    assert cli.run(["evaluate", *words, "--format", "json"]) == cli.DONE
    return json.loads(capsys.readouterr().out)


def refused(capsys, words: list[str]) -> str:
    """The one sentence that the command is refused with."""
    assert cli.run(["evaluate", *words]) == cli.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def in_mm(uvd: np.ndarray) -> np.ndarray:
    """Millimetres of the NYU camera, worked out without the package."""
    u, v, depth = np.moveaxis(uvd, -1, 0)
    return np.stack([(u - 320) * depth / 588.03, (240 - v) * depth / 587.07, depth], -1)


@pytest.fixture
def nyu(realdata) -> str:
    """The authors' NYU networks."""
    return f"published:{realdata / 'crossingnet_weights' / 'NYU_pretrained'}"


@pytest.fixture
def msra(realdata) -> str:
    """The authors' MSRA networks."""
    return f"published:{realdata / 'crossingnet_weights' / 'MSRA_pretrained' / 'p0'}"


class TestPublished:
    @pytest.mark.parametrize("name", PUBLISHED)
    def test_predictions(self, capsys, realdata, name):
        """The published predictions have the published errors."""
        kind = name.partition("/")[0]
        path, data = realdata / f"{name}.txt.gz", f"{kind}:{realdata / kind}"
        found = said(capsys, [str(path), "--data", data])
        mean_mm, within_20, within_40 = PUBLISHED[name]
        assert round(found["mean_joint_error_mm"], 3) == mean_mm
        assert round(found["frames_within_20mm"], 4) == within_20
        assert round(found["frames_within_40mm"], 4) == within_40
        each = found["per_joint_mm"]
        assert np.mean(each) == pytest.approx(found["mean_joint_error_mm"], rel=1e-12)
        assert (found["frames"], len(each)) in ((8252, 14), (1596, 16))

    def test_labels_that_are_not_known(self, capsys, tmp_path):
        """A joint or a frame without a label is in no figure, and the frame counted."""
        hands = np.random.default_rng(3).uniform(-80, 80, (4, 21, 3))
        hands += [0, 0, 400]
        known = hands * [1, 1, -1]
        known[1, 5], known[2, 0], known[3] = np.nan, -1, 0
        rows = [" ".join(map(str, hand.ravel())) for hand in known]
        (tmp_path / "joint.txt").write_text("\n".join(["4", *rows]))
        moved = hands + np.array([3, 4, 0])
        moved[1, 5] += 500  # of which no label says anything
        rows = [" ".join(map(str, hand.ravel())) for hand in moved]
        (tmp_path / "p.txt").write_text("\n".join(rows))
        words = [str(tmp_path / "p.txt"), "--unit", "xyz", "--data", f"msra:{tmp_path}"]
        found = said(capsys, words)
        assert found["mean_joint_error_mm"] == pytest.approx(5)
        assert (found["frames"], found["not_scored"]) == (2, 2)

    def test_predictions_in_metres(self, capsys, tmp_path):
        """They are refused, with both errors."""
        hands = np.random.default_rng(3).uniform(-80, 80, (4, 21, 3))
        hands += [0, 0, 400]
        for name, points in (("joint", hands * [1, 1, -1]), ("p", hands / 1000)):
            rows = [" ".join(map(str, hand.ravel())) for hand in points]
            head = ["4"] if name == "joint" else []
            (tmp_path / f"{name}.txt").write_text("\n".join([*head, *rows]))
        words = [str(tmp_path / "p.txt"), "--unit", "xyz", "--data", f"msra:{tmp_path}"]
        assert "0.0 mm if it holds x, y and z in metres" in refused(capsys, words)

    def test_every_figure_again(self, capsys, realdata):
        """All figures of AWR on NYU, from the two text files with numpy alone."""
        folder = realdata / "nyu"
        path = folder / "predictions" / "AWR_resnet_18.txt.gz"
        found = said(capsys, [str(path), "--data", f"nyu:{folder}"])
        tables = []
        for file in (path, folder / "nyu_test_groundtruth_label.txt.gz"):
            with gzip.open(file, "rt") as text:
                numbers = np.array([line.split() for line in text], np.float64)
            tables.append(in_mm(numbers.reshape(-1, 14, 3)))
        errors = np.sqrt(((tables[0] - tables[1]) ** 2).sum(-1))
        worst, ordered = errors.max(1), np.sort(errors, axis=None)
        wanted = {
            "mean_joint_error_mm": errors.mean(),
            "median_joint_error_mm": ordered[len(ordered) // 2 - 1],
            "worst_joint_error_mm": worst.mean(),
            "frames_within_20mm": (worst <= 20).mean(),
            "frames_within_40mm": (worst <= 40).mean(),
            **{f"p{p}_joint_error_mm": np.percentile(errors, p) for p in (90, 95, 99)},
            "area_under_curve_80mm": np.clip(80 - worst, 0, None).mean() / 80,
        }
        assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-9)
        np.testing.assert_allclose(found["per_joint_mm"], errors.mean(0), rtol=1e-9)
        limits, shares = found["curve"].values()
        assert limits == list(range(81))
        assert shares == [(worst <= limit).mean() for limit in limits]
        assert shares == sorted(shares)


class TestVae:
    def test_nyu(self, capsys, realdata, nyu):
        """5.644 mm over 36 joints, 6.097 over 14, against a mean pose of 51.35."""
        found = said(capsys, ["--vae", nyu, "--data", f"nyu:{realdata / 'nyu'}"])
        assert found["vae_round_trip_mm"] == pytest.approx(5.644, abs=0.0005)
        assert found["vae_round_trip_evaluated_mm"] == pytest.approx(6.097, abs=0.0005)
        assert found["mean_pose_mm"] == pytest.approx(51.35, abs=0.005)
        each = np.array(found["per_joint_mm"])
        assert each.mean() == pytest.approx(5.644, abs=0.0005)
        assert each[EVALUATED].mean() == pytest.approx(6.097, abs=0.0005)
        assert (found["frames"], len(found["joints"])) == (8252, 36)
        assert "curve" not in found

    def test_msra(self, capsys, realdata, msra, tmp_path):
        """6.817 mm on the 400 poses of MSRA14, against 41.22; a picture is drawn."""
        data, out = f"msra:{realdata / 'msra14'}", tmp_path / "curve.png"
        found = said(capsys, ["--vae", msra, "--data", data, "--plot", str(out)])
        assert found["vae_round_trip_mm"] == pytest.approx(6.817, abs=0.0005)
        assert found["mean_pose_mm"] == pytest.approx(41.22, abs=0.005)
        assert found["vae_round_trip_evaluated_mm"] == found["vae_round_trip_mm"]
        assert out.read_bytes()[1:4] == b"PNG"

    def test_refused(self, capsys, realdata, nyu, msra, tmp_path):
        """Labels of another hand or of too few joints, and a model not there."""
        full, few = f"nyu:{realdata / 'nyu'}", tmp_path / "few"
        few.mkdir()
        row = " ".join(["300 200 700"] * 14)
        (few / "nyu_test_groundtruth_label.txt").write_text(f"{row}\n{row}\n")
        for option, model, data, sentence in (
            ("--vae", msra, full, "hand21 with 21 joints, got nyu36 with 36."),
            ("--vae", nyu, f"icvl:{realdata / 'icvl'}", "36 joints, got icvl16 with"),
            ("--model", nyu, "synthetic:100", "nyu36 with 36 joints, got hand21 with"),
            ("--vae", nyu, f"nyu:{few}", "must hold all 36 joints"),
            ("--vae", "published:nowhere", full, "must name a folder of weights"),
            ("--model", "published:nowhere", full, "must name a folder of weights"),
        ):
            words = [option, model, "--data", data, "--store", str(tmp_path)]
            assert sentence in refused(capsys, words)

    def test_no_number(self, realdata, nyu, monkeypatch):
        """Joints that are not finite are refused, with the count of their frames."""
        model = models.open_model(nyu)
        weight = model.modules["decoder"].get_parameter("pose.weight")
        torch.nn.init.constant_(weight, torch.nan)
        monkeypatch.setattr(evaluate.models, "open_model", lambda _: model)
        with pytest.raises(ValueError, match="does not in 8252 of 8252 frames"):
            evaluate.of_vae("broken", f"nyu:{realdata / 'nyu'}")


class TestModel:
    @pytest.fixture
    def tree(self, realdata, tmp_path):
        """Writes a native test set of frame 1, seen again and again."""
        path = realdata / "crossingnet_weights" / "center_uvd_test.mat"
        centre = scipy.io.loadmat(path)["center_uvd"][:1]
        frame = realdata / "nyu" / "frames" / "depth_1_0000001.png"
        uvd = label_sets.label_set(f"nyu:{realdata / 'nyu'}", full=True).uvd[0]

        def make(moves: np.ndarray) -> str:
            """A frame a row, its centre moved by some pixels and millimetres."""
            folder = tmp_path / "set" / "test"
            folder.mkdir(parents=True)
            for row in range(len(moves)):
                shutil.copyfile(frame, folder / f"depth_1_{row + 1:07d}.png")
            joints = np.repeat(uvd[None, None], len(moves), 1)
            scipy.io.savemat(folder / "joint_data.mat", {"joint_uvd": joints})
            centres = {"center_uvd": centre + moves}
            scipy.io.savemat(folder / "center_uvd_test.mat", centres)
            return f"nyu:{tmp_path / 'set'}"

        return make

    def test_native_frame(self, capsys, tree, nyu, tmp_path):
        """Frame 1 is 6.44 mm off on average and 14.25 at worst; `all` is that frame."""
        data = tree(np.zeros((1, 3)))
        words = ["--model", nyu, "--data", data, "--store", str(tmp_path / "runs")]
        assert "(it has test 1), got 'validation'" in refused(capsys, words)
        found = said(capsys, [*words, "--part", "test"])
        assert found["mean_joint_error_mm"] == pytest.approx(6.44, abs=0.05)
        assert found["worst_joint_error_mm"] == pytest.approx(14.25, abs=0.05)
        assert (found["frames_within_20mm"], found["frames"]) == (1, 1)
        every = said(capsys, [*words, "--part", "all", "--split", "test-only"])
        assert every.pop("data") == f"{data}, all"
        assert found.pop("data") == f"{data}, test"
        assert every == found
        assert "must have frames" in refused(capsys, [*words, "--part", "train"])
        assert "must be one of test-only" in refused(capsys, [*words, "--split", "x"])

    def test_frames_without_a_hand(self, capsys, tree, nyu, tmp_path):
        """`all` leaves out a frame in whose cube nothing is."""
        words = ["--model", nyu, "--data", tree(np.zeros((2, 3)))]
        (second,) = tmp_path.rglob("depth_1_0000002.png")
        second.unlink()
        nothing = np.full((480, 640, 3), (0, 7, 209), np.uint8)  # NYU's 2001
        Image.fromarray(nothing).save(second)
        found = said(capsys, [*words, "--store", str(tmp_path), "--part", "all"])
        assert found["frames"] == 1
        assert found["mean_joint_error_mm"] == pytest.approx(6.44, abs=0.05)

    def test_batches(self, tree, nyu, tmp_path, monkeypatch):
        """Frames on both sides of a batch's end are those of `Model.predict`."""
        most = evaluate.ROWS_AT_ONCE
        moves = np.random.default_rng(2).uniform(-20, 20, (most + 2, 3))
        spec, store = tree(moves), tmp_path / "runs"
        done = evaluate.of_model(nyu, spec, part="test", store=store)
        assert done.errors.shape == (most + 2, 14)
        data = open_data(spec, side_px=128, cache=store / "cache")
        rows = [0, most - 1, most, most + 1]
        depth = torch.tensor(np.asarray(data.crops[rows], np.float32))[:, None]
        about = torch.tensor(data.centres_mm[rows])
        read = models.open_model(nyu).predict(depth, about).numpy()
        wanted = np.linalg.norm(read - data.joints_mm[rows], axis=-1)[:, EVALUATED]
        np.testing.assert_allclose(done.errors[rows], wanted, atol=0.05)
        assert np.ptp(wanted.mean(1)) > 1
        rest = evaluate.of_model(
            nyu, spec, part="test", unlabelled="test:0.75", store=store
        )  # less the first 194 frames, and 50 between them and the rest
        np.testing.assert_allclose(rest.errors, done.errors[244:], atol=1e-3)
        told = dataclasses.replace(models.open_model(nyu), seen="test:0.75")
        monkeypatch.setattr(models, "open_model", lambda _: told)
        same = evaluate.of_model(nyu, spec, part="test", store=store)
        np.testing.assert_array_equal(same.errors, rest.errors)
        assert same.data.endswith(", test without test:0.75")
        with pytest.raises(ValueError, match="test:SHARE where nothing is trained"):
            evaluate.of_model(nyu, spec, unlabelled="folder", store=store)
