"""Tests of `crossnets data prepare`: crops made before they are needed."""

import json

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
        assert "40 crops of 32 px (0.1 MiB): 28 train, 6 validation, 6 test" in out

    @pytest.mark.parametrize(
        ("more", "sentence"),
        [
            (["--workers", "0"], "`workers` must be 1 or more, got 0"),
            (["--format", "csv"], "`--format` must be one of table, json, got 'csv'"),
            (["--side", "100"], "`--side` must be one of 32, 64, 128, got '100'"),
            (["--unlabelled", "nowhere"], "must name a folder that exists"),
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
