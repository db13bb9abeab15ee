"""Tests of `crossnets evaluate`: its options, and how it refuses bad files."""

import dataclasses
import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from cnets.inference import models
from harness import evaluate
from harness.commands import cli


EVALUATED = [0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32]
"""Joints of NYU that the papers take errors over, of 36."""

FRAMES = 40
"""Frames of a small set whose labels are drawn at random."""


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


class TestOptions:
    @pytest.mark.parametrize("more_mm", [0, 0.5])
    def test_millimetres(self, capsys, labels, points, more_mm):
        """Errors put in come out; half a millimetre moves the thresholds only."""
        path, errors_mm = points
        words = [path, "--data", labels, "--unit", "xyz"]
        found = said(capsys, [*words, *["--half-millimetre"] * bool(more_mm)])
        assert found["mean_joint_error_mm"] == pytest.approx(errors_mm.mean())
        np.testing.assert_allclose(found["per_joint_mm"], errors_mm.mean(0))
        worst = errors_mm.max(1)
        shares = [(worst <= limit + more_mm).mean() for limit in range(81)]
        assert found["curve"]["frames_within"] == shares
        assert found["frames_within_20mm"] == shares[20]
        assert found["frames_within_40mm"] == shares[40]
        area = (80 - np.clip(worst - more_mm, 0, 80)).mean() / 80
        assert found["area_under_curve_80mm"] == pytest.approx(area)
        assert found["threshold_bonus_mm"] == more_mm

    def test_ways_to_write(self, capsys, labels, rows, uvd, write_joints):
        """3 pixels are 3 depths over the focal length, with commas and zipped too."""
        path, words = Path(rows), [rows, "--data", labels]
        found = said(capsys, words)
        wanted = 3 * uvd[:, EVALUATED, 2] / 588.03
        np.testing.assert_allclose(found["per_joint_mm"], wanted.mean(0), rtol=1e-9)
        path.write_text(path.read_text().replace(" ", ","))
        assert said(capsys, words) == found
        path.write_bytes(gzip.compress(path.read_bytes()))
        assert said(capsys, words) == found
        whole = uvd + 100  # now all 36 joints; only the evaluated ones count
        whole[:, EVALUATED] = uvd[:, EVALUATED] + [3, 0, 0]
        write_joints(path, whole)
        assert said(capsys, words) == found


class TestBadInput:
    @pytest.mark.parametrize(
        ("row", "cell", "sentence"),
        [
            (1, "", "must have 42 or 108 numbers in every row, got 41 in row 1"),
            (1, "1 1", "must have 42 or 108 numbers in every row, got 43 in row 1"),
            (7, "", "must have 42 numbers in every row, got 41 in row 7"),
            (7, "1 1", "must have 42 numbers in every row, got 43 in row 7"),
            (7, "hand", "must hold finite numbers up to 1e+09, got 'hand' in row 7"),
            (7, "nan", "got 'nan' in row 7, column 5"),
            (7, "-inf", "got '-inf' in row 7, column 5"),
        ],
    )
    def test_rows(self, capsys, labels, rows, row, cell, sentence):
        """A damaged row is refused with its number, and no picture is drawn."""
        path = Path(rows)
        table = [line.split() for line in path.read_text().splitlines()]
        table[row - 1][4] = cell
        path.write_text("\n".join(map(" ".join, table)))
        out = path.with_suffix(".png")
        wrong = refused(capsys, [rows, "--data", labels, "--plot", str(out)])
        assert wrong.startswith(f"crossnets: {rows} must ")
        assert sentence in wrong
        assert not out.exists()

    @pytest.mark.parametrize("count", [FRAMES - 1, FRAMES + 1])
    def test_count_of_rows(self, capsys, labels, uvd, tmp_path, write_joints, count):
        """One row too few or too many is refused with both counts."""
        many = np.concatenate([uvd, uvd])[:count]
        words = [write_joints(tmp_path / "rows.txt", many), "--data", labels]
        assert f"got {count} rows and {FRAMES} frames" in refused(capsys, words)

    def test_no_rows(self, capsys, labels, rows, tmp_path):
        """A file that is missing, empty, cut or a folder is refused by its name."""
        (tmp_path / "empty.txt").touch()
        (tmp_path / "cut.gz").write_bytes(gzip.compress(Path(rows).read_bytes())[:-9])
        for name, sentence in (
            ("none.txt", "must be a file, and is none"),
            ("empty.txt", "must hold one row or more, and is empty"),
            ("cut.gz", "cannot be read"),
            ("labels", "must be a file, and is none"),
        ):
            path = str(tmp_path / name)
            wrong = refused(capsys, [path, "--data", labels])
            assert f"{path} {sentence}" in wrong

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--data", "nyo:here"], "`labels` must be nyu:DIR, icvl:DIR, msra:DIR or"),
            (["--data", "nyu:nowhere"], "must name a folder that exists"),
            (["--part", "tests"], "`--part` must be one of train, validation, test"),
            (["--unit", "mm"], "`--unit` must be one of uvd, xyz, got 'mm'"),
            (["--format", "xml"], "`--format` must be one of table, json, csv"),
            (["--device", "gpu"], "`--device` must be one of cpu, cuda, got 'gpu'"),
            (["--plot", "nowhere/a.png"], "`--plot` must lie in a folder that exists"),
            (["--data", "nyu:x", "--plot", "a.pdf"], "`--plot` must name a PNG file"),
            (["--vae", "published:x"], "evaluate needs one of PREDICTIONS, `--vae`"),
            (["--model", "published:x"], "and `--model`, got 2"),
            (["--half-milimetre"], "did you mean `--half-millimetre`?"),
        ],
    )
    def test_options(self, capsys, labels, rows, words, sentence):
        """Each wrong option gives one sentence with its rule."""
        assert sentence in refused(capsys, [rows, "--data", labels, *words])

    def test_nothing_to_evaluate(self, capsys, labels):
        """Neither predictions nor a model is refused, and so are missing labels."""
        assert "and `--model`, got none" in refused(capsys, ["--data", labels])
        assert "crossnets evaluate needs --data" in refused(capsys, ["rows.txt"])


class TestNames:
    """Six frames of MSRA whose labels a test writes, predictions 5 mm off."""

    @pytest.fixture
    def frames(self, tmp_path) -> np.ndarray:
        """The labels, millimetres, y up; they lie in a folder."""
        draw = np.random.default_rng(8)
        joints = draw.uniform([-80, -80, 300], [80, 80, 400], (6, 21, 3))
        rows = [
            " ".join(map(repr, row))
            for row in (joints * [1, 1, -1]).reshape(6, 63).tolist()
        ]
        (tmp_path / "joint.txt").write_text("\n".join(["6", *rows]))
        return joints

    def uvd(self, joints: np.ndarray) -> list[str]:
        """Rows of pixels and depth of the MSRA camera, worked out here."""
        x, y, z = np.moveaxis(joints, -1, 0)
        uvd = np.stack([160 + 241.42 * x / z, 120 - 241.42 * y / z, z], -1)
        return [" ".join(map(repr, row)) for row in uvd.reshape(6, 63).tolist()]

    @pytest.mark.parametrize("order", [range(6), (3, 0, 5, 1, 4, 2)])
    def test_in_any_order(self, capsys, tmp_path, frames, order):
        """Names are matched, so every joint is 5 mm off."""
        rows = self.uvd(frames + np.array([3, 4, 0]))
        text = "\n\n".join(f"P0/1/{i:06d}_depth.bin {rows[i]}" for i in order)
        (tmp_path / "named.txt").write_text(text)
        words = [str(tmp_path / "named.txt"), "--data", f"msra:{tmp_path}"]
        found = said(capsys, words)
        assert found["mean_joint_error_mm"] == pytest.approx(5, abs=1e-6)
        assert (found["frames"], found["not_scored"]) == (6, 0)

    def test_missing_frames_are_named(self, capsys, tmp_path, frames):
        """Two of six are lacking."""
        rows = self.uvd(frames)
        text = "\n".join(f"{i:06d}_depth.bin {rows[i]}" for i in (0, 2, 3, 5))
        (tmp_path / "named.txt").write_text(text)
        words = [str(tmp_path / "named.txt"), "--data", f"msra:{tmp_path}"]
        wrong = refused(capsys, words)
        assert "lacks 2: 000001_depth.bin, 000004_depth.bin." in wrong

    def test_lost_frames_in_every_format(self, capsys, tmp_path, frames):
        """What `predict` found no hand in is counted beside the figures."""
        objects = [
            {"frame": f"{i:06d}_depth.bin", "found": i != 2, "joints_mm": row}
            for i, row in enumerate((frames + np.array([0, 0, 7])).tolist())
        ]
        (tmp_path / "p.json").write_text(json.dumps(objects))
        words = [str(tmp_path / "p.json"), "--data", f"msra:{tmp_path}"]
        found = said(capsys, words)
        assert found["mean_joint_error_mm"] == pytest.approx(7)
        assert (found["frames"], found["not_scored"]) == (5, 1)
        for style, text in (("csv", "not_scored,,1"), ("table", "1 of 6 not scored")):
            assert cli.run(["evaluate", *words, "--format", style]) == cli.DONE
            assert text in capsys.readouterr().out


def test_frames_that_a_model_cannot_be_scored_on(capsys, tmp_path, train):
    """One of each person's four frames shows nothing; every format says so."""
    train(tmp_path / "runs", steps=1)
    joints = np.random.default_rng(2).uniform(
        [-60, -60, 380], [60, 60, 420], (4, 21, 3)
    )
    for person in range(3):
        folder = tmp_path / "msra" / f"P{person}" / "1"
        folder.mkdir(parents=True)
        rows = (joints * [1, 1, -1]).reshape(4, 63).tolist()
        text = "\n".join(["4", *(" ".join(map(str, row)) for row in rows)])
        (folder / "joint.txt").write_text(text + "\n")
        for frame in range(4):
            depth = np.linspace(380, 420, 80 * 80, dtype="<f4")
            depth *= frame != 1
            edges = struct.pack("<6i", 320, 240, 120, 80, 200, 160)
            (folder / f"{frame:06d}_depth.bin").write_bytes(edges + depth.tobytes())
    model = str(tmp_path / "runs" / "checkpoints" / "s" / "t-00001")
    words = ["--model", model, "--data", f"msra:{tmp_path / 'msra'}"]
    words += ["--store", str(tmp_path / "runs")]
    found = said(capsys, words)
    assert (found["frames"], found["not_scored"]) == (3, 1)
    every = said(capsys, [*words, "--part", "all"])
    assert (every["frames"], every["not_scored"]) == (9, 3)
    for style, text in (("csv", "not_scored,,1.0"), ("table", "1 of 4 not scored")):
        assert cli.run(["evaluate", *words, "--format", style]) == cli.DONE
        assert text in capsys.readouterr().out


def test_the_other_hand_is_refused(tmp_path, train):
    """A model of right hands is not measured on left ones."""
    trained = train(tmp_path / "runs", steps=1)
    data = dataclasses.replace(trained.bank.data, hand="left")
    model = models.of_lane("m", trained.lane)
    with pytest.raises(ValueError, match="hand that the model reads, right, got left"):
        evaluate.same_hand(model, data)
    evaluate.same_hand(model, trained.bank.data)
    other = dataclasses.replace(
        data.skeleton, joint_names=("thumb", *data.skeleton.joint_names[1:])
    )
    with pytest.raises(ValueError, match="joint 0 is 'thumb' and not 'wrist'"):
        evaluate.same_hand(model, dataclasses.replace(data, skeleton=other))
    named = dataclasses.replace(data.skeleton, name="other")
    evaluate.same_hand(model, dataclasses.replace(data, skeleton=named, hand="right"))
