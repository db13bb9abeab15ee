"""The command that prints what the checks find; it lies in `harness.commands`."""

import json
import os
import subprocess
import sys

import pytest

from harness.commands import cli


class TestCommand:
    def test_clean(self, full, capsys):
        """A sound store gives exit code 0 and the number of files."""
        root = str(full.storage.root)
        assert cli.run(["verify", "--store", root]) == cli.DONE
        said = capsys.readouterr()
        assert "segments" in said.out
        assert said.err == "Every file is as it was written.\n"

    def test_json(self, full, capsys, put):
        """Machines get what was checked, and each damage with its remedy."""
        root = full.storage.root
        put(full, "reports/demo/x", b"")
        words = ["verify", "demo", "--store", str(root), "--format", "json"]
        assert cli.run(words) == cli.STORAGE
        said = json.loads(capsys.readouterr().out)
        assert not said["clean"]
        assert said["damage"] == [
            {
                "path": "reports/demo/x",
                "problem": "It is no segment of `reports`.",
                "remedy": "Move it out of the tables.",
            }
        ]
        counted = {row["checked"]: row for row in said["checked"]}
        files = list((root / "reports").rglob("*")) + list((root / "trials").rglob("*"))
        assert counted["records"]["files"] == 4
        assert counted["segments"]["files"] > len(files) / 2
        assert counted["segments"]["bytes"] > 0

    def test_damaged_store_record(self, full, capsys, put):
        """Where store.json itself is damaged, the rest is checked all the same."""
        put(full, "store.json", b"{}")
        put(full, "trials/demo/x", b"")
        assert cli.run(["verify", "--store", str(full.storage.root)]) == cli.STORAGE
        said = capsys.readouterr()
        assert "store.json" in said.out
        assert "trials/demo/x" in said.out
        assert said.err == "2 files are damaged.\n"

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--format", "csv"], "`--format` must be one of table, json, got 'csv'."),
            (["nobody"], "`search` must be one of demo in the store"),
            (["--store", "nowhere"], "does not exist"),
        ],
    )
    def test_usage(self, full, capsys, words, sentence):
        """What cannot be checked is said in one sentence, with exit code 2."""
        place = [] if "--store" in words else ["--store", str(full.storage.root)]
        assert cli.run(["verify", *words, *place]) == cli.USAGE
        said = capsys.readouterr()
        assert sentence in said.err
        assert said.out == ""

    def test_neither_ray_nor_torch(self, full):
        """Checking loads the base of the package only."""
        code = (
            "import sys\n"
            "from harness.commands import cli\n"
            f"code = cli.run(['verify', '--store', {str(full.storage.root)!r}])\n"
            "heavy = {'ray', 'torch', 'optuna', 'duckdb'} & set(sys.modules)\n"
            "assert (code, heavy) == (0, set()), (code, heavy)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
        assert done.returncode == 0
