"""Tests of `crossnets export`: its table, and the sentences with which it refuses."""

from pathlib import Path

import pytest

from harness.commands import cli


TRIAL = "s/t-00001"
WEIGHTS = "crossingnet_weights/NYU_pretrained"


@pytest.fixture
def store(tmp_path) -> Path:
    """Where this test's search is."""
    return tmp_path / "runs"


class TestRefusals:
    def refused(self, capsys, words: list[str]) -> str:
        """The sentence of a command that ends with code 2 and prints nothing."""
        assert cli.run(["export", *words]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        return said.err

    def test_a_folder_that_is_there(self, capsys, tmp_path):
        """Nothing is replaced."""
        said = self.refused(capsys, [TRIAL, "--out", str(tmp_path)])
        assert "`out` must not exist yet" in said

    def test_a_format_that_it_has_not(self, capsys, tmp_path):
        """An export is no table of many rows."""
        words = [TRIAL, "--out", str(tmp_path / "m"), "--format", "csv"]
        assert "`--format` must be one of table, json" in self.refused(capsys, words)

    @pytest.mark.parametrize("name", ["nothing", "a/b/c", "s/t-00001"])
    def test_a_model_that_is_not_there(self, capsys, tmp_path, monkeypatch, name):
        """No folder, no store: the three forms are listed."""
        monkeypatch.chdir(tmp_path)
        said = self.refused(capsys, [name, "--out", "m"])
        assert "`model` must be NAME/TRIAL of a search in `store`" in said
        assert list(tmp_path.iterdir()) == []

    def test_a_trial_that_is_not_there(self, train, capsys, store, tmp_path):
        """The sentence names the argument that was typed."""
        train(store, steps=1)
        words = ["s/t-00009", "--out", str(tmp_path / "m"), "--store", str(store)]
        said = self.refused(capsys, words)
        assert "`model` must name a trial of `s` (up to t-00001)" in said

    def test_a_trial_that_has_not_ended(self, train, capsys, store, tmp_path):
        """Which of its steps is wanted is not known yet."""
        train(store, steps=1, end=False)
        words = [TRIAL, "--out", str(tmp_path / "m"), "--store", str(store)]
        said = self.refused(capsys, words)
        assert "`model` must be a trial that has ended with a figure" in said

    def test_a_split_of_unknown_data(self, train, capsys, store, tmp_path):
        """A folder of a run does not say what it was trained on."""
        train(store, steps=3)
        run = str(store / "checkpoints" / TRIAL)
        words = [run, "--out", str(tmp_path / "m"), "--split", "person"]
        assert "`unlabelled` need `data`" in self.refused(capsys, words)
        words[-2:] = ["--unlabelled", "test:0.5"]
        assert "`unlabelled` need `data`" in self.refused(capsys, words)
        words += ["--data", "synthetic:40"]
        said = "makes 1 and 0 of the 2 test frames"  # it is asked for
        assert said in self.refused(capsys, words)
        words[-3] = "folder"
        said = "must be test:SHARE where nothing is trained, got 'folder'"
        assert said in self.refused(capsys, words)

    def test_data_of_another_hand(self, capsys, realdata, store, tmp_path):
        """Thirty-six joints cannot be compared with twenty-one."""
        words = [f"published:{realdata / WEIGHTS}", "--out", str(tmp_path / "m")]
        words += ["--data", "synthetic:40", "--store", str(store)]
        said = self.refused(capsys, words)
        assert (
            "`data` must have the hand of the model, nyu36 with 36 joints, got hand21"
            in said
        )
        assert not (tmp_path / "m").exists()


def test_the_table_names_figures_and_files(capsys, train, store, tmp_path, monkeypatch):
    """A row a figure and a row a file, under the name of the folder."""
    train(store, steps=3)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["export", TRIAL, "--out", "m", "--store", str(store)]) == 0
    title, *lines = capsys.readouterr().out.splitlines()
    assert title == "m: exported"
    cells = [[cell.strip() for cell in line.split("│")] for line in lines]
    values = {cell[1]: cell[2] for cell in cells if len(cell) > 2}
    assert values["data"] == "synthetic:40"
    for path in Path("m").iterdir():
        assert values[f"{path.name}, bytes"] == str(path.stat().st_size)
