import json

import pytest

from harness.commands import cli


@pytest.fixture
def words(tmp_path, monkeypatch):
    """A small choice in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return ["data", "choose", "synthetic:40", "--side", "32", "--count", "12"]


class TestChoose:
    def test_in_words(self, words, tmp_path, capsys):
        """Both files, and a table that fits; the next command is in the last line."""
        assert cli.run(words) == cli.DONE
        said = capsys.readouterr()
        assert max(map(len, said.out.splitlines())) <= 80
        assert "12 frames of 28 to label next: to_label.csv" in said.out
        assert said.err.splitlines()[-1] == (
            "12 frames to label; next: crossnets data choose synthetic:40 --labelled FILE"
        )
        assert len((tmp_path / "to_label.csv").read_text().splitlines()) == 13
        assert (tmp_path / "to_label.png").read_bytes()[1:4] == b"PNG"

    def test_as_json(self, words, capsys):
        """The same rows as in the file, and nothing else on standard output."""
        assert cli.run([*words, "--format", "json", "--seed", "3"]) == cli.DONE
        facts = json.loads(capsys.readouterr().out)
        assert (facts["frames"], facts["labelled"]) == (28, 0)
        assert [row["rank"] for row in facts["chosen"]] == list(range(1, 13))
        assert facts["chosen"][0]["distance"] is None
        assert 0 < facts["farthest_left"] <= facts["chosen"][-1]["distance"]
        assert (facts["out"], facts["sheet"]) == ("to_label.csv", "to_label.png")

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            (["--count", "29"], "`count` must be at most 28"),
            (["--labelled", "none"], "`labelled` must be a file of names"),
            (["--out", "a.png"], "`out` must name a CSV file"),
            (["--out", "a.csv", "--labelled", "./a.csv"], "`out` must be another file"),
            (["--count", "many"], "must be a whole number"),
        ],
    )
    def test_mistakes(self, words, capsys, more, said):
        """One sentence each, exit code 2, and nothing is written."""
        assert cli.run([*words, *more]) == cli.USAGE
        told = capsys.readouterr()
        assert said in told.err
        assert told.out == ""
