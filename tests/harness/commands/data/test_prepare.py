"""Tests of `crossnets data prepare`: crops made before they are needed."""

import json
import struct

import numpy as np
import pytest

from harness.commands import cli


def said(capsys, words: list[str]) -> tuple[dict, str]:
    """The JSON that a command prints, and what it says beside it."""
    assert cli.run([*words, "--format", "json"]) == cli.DONE
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err


@pytest.fixture
def words(tmp_path) -> list[str]:
    """Forty embedded frames."""
    store = str(tmp_path / "store")
    return ["data", "prepare", "synthetic:40", "--side", "32", "--store", store]


@pytest.fixture
def lost_frame(tmp_path):
    """Three subjects of MSRA with three frames each, one of which is not there."""
    joints = np.random.default_rng(0).uniform(-20, 20, (3, 21, 3)) - [0, 0, 350]
    rows = [" ".join(map(str, row)) for row in joints.reshape(3, 63).tolist()]
    patch = 350 + np.arange(1600).reshape(40, 40) // 100
    head = struct.pack("<6i", 320, 240, 140, 100, 180, 140)
    for subject in ("P0", "P1", "P2"):
        place = tmp_path / "msra" / subject / "1"
        place.mkdir(parents=True)
        (place / "joint.txt").write_text("\n".join(["3", *rows]))
        for row in range(3):
            image = place / f"{row:06d}_depth.bin"
            image.write_bytes(head + patch.astype("<f4").tobytes())
    (tmp_path / "msra" / "P1" / "1" / "000002_depth.bin").unlink()
    return tmp_path / "msra"


class TestPrepare:
    def test_made_once(self, capsys, words):
        """The second call makes nothing and says the same of the data."""
        first, _ = said(capsys, words)
        second, _ = said(capsys, words)
        assert (first.pop("made"), second.pop("made")) == (40, 0)
        for found in (first, second):
            found.pop("seconds")
        assert first == second
        counts = {n: first[n] for n in ("frames", "train", "validation", "test")}
        assert counts == {"frames": 40, "train": 28, "validation": 6, "test": 6}

    def test_a_search_uses_it(self, capsys, words, tmp_path):
        """What was prepared is what `data show` opens: nothing is made again."""
        said(capsys, words)
        cache = tmp_path / "store" / "cache"
        before = sorted(path.name for path in cache.iterdir())
        out = str(tmp_path / "a.png")
        store = ["--store", str(tmp_path / "store")]
        assert cli.run(["data", "show", *words[2:5], *store, "--out", out]) == cli.DONE
        assert sorted(path.name for path in cache.iterdir()) == before

    def test_unlabelled(self, capsys, words, realdata):
        """Frames without labels are prepared beside it, masks passed over."""
        extra = ["--unlabelled", f"{realdata / 'kinect2_srn'}@kinect2"]
        found, _ = said(capsys, [*words, *extra])
        assert found["unlabelled"] == 16
        assert found["fingerprint"] != said(capsys, words)[0]["fingerprint"]

    def test_in_words(self, capsys, words):
        """The plain form names frames and splits."""
        assert cli.run(words) == cli.DONE
        out = capsys.readouterr().out
        assert (
            "40 frames, 40 labels, crops of 32 px (0.1 MiB), their centres from the labels: "
            "28 train, 6 validation, 6 test, 0 unlabelled, 0 dropped." in out
        )

    def test_frames_of_which_some_are_missing(self, capsys, words, lost_frame):
        """Refused without the option; with it they are counted, here and in a picture."""
        words[2] = f"msra:{lost_frame}"
        assert cli.run(words) == cli.USAGE
        assert "--skip-missing leaves such frames out" in capsys.readouterr().err
        found, _ = said(capsys, [*words, "--skip-missing"])
        assert found["dropped"] == {"file missing": 1}
        assert (found["frames"], found["labels"]) == (9, 8)
        out = lost_frame / "a.png"
        show = ["data", "show", *words[2:], "--skip-missing", "--out", str(out)]
        assert cli.run(show) == cli.DONE
        assert "dropped 1 (1 file missing)" in capsys.readouterr().out
        words[2] = "synthetic:40"
        assert cli.run([*words, "--skip-missing"]) == cli.USAGE

    @pytest.mark.parametrize(
        ("more", "sentence"),
        [
            (["--workers", "0"], "`workers` must be 1 or more, got 0"),
            (["--format", "csv"], "`--format` must be one of table, json, got 'csv'"),
            (["--side", "100"], "`--side` must be one of 32, 64, 128, got '100'"),
            (["--unlabelled", "nowhere"], "must name a folder that exists"),
            (["--unlabelled", "test:2"], "must be test:SHARE with a share in (0, 1)"),
            (["--unlabelled", "test:0.5"], "makes 1 and 0 of the 2 test frames"),
            (["--split", "block"], "`split` must be one of person"),
        ],
    )
    def test_bad_input(self, capsys, words, more, sentence):
        """Each gives one sentence and code 2."""
        assert cli.run([*words, *more]) == cli.USAGE
        assert sentence in capsys.readouterr().err

    @pytest.mark.parametrize("kind", ["nyuu", "nyu+mirrored", "nyu+labels+depth"])
    def test_bad_data(self, capsys, words, kind):
        """A typing mistake in the kind of data is named."""
        words[2] = f"{kind}:nowhere"
        assert cli.run(words) == cli.USAGE
        assert "`data` must " in capsys.readouterr().err
