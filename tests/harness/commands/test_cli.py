"""What is typed wrong: one sentence, exit code 2, nothing written."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from harness.commands import cli, exit_codes
from harness.commands.table import COMMANDS, Command
from results import Store


def said(capsys, words) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    code = cli.run(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def refused(capsys, words) -> str:
    """The one sentence with which a command was refused."""
    code, out, err = said(capsys, words)
    assert (code, out) == (cli.USAGE, "")
    assert err.count("\n") == 1
    assert err.startswith("crossnets: ")
    assert "Traceback" not in err
    return err


SEARCH = ["search", "s", "--data", "synthetic:40", "--preset", "tiny"]

SPACE = """
name = "mine"
[parameters."losses.kll"]
kind = "real"
low = 0.1
high = 1.0
[start]
"losses.kll" = 0.5
"""


class TestBadInput:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--trials", "0"], "`trials` must be 1 or more, got 0"),
            (["--trials", "many"], "--trials"),
            (["--ratios", "0.1,1.5"], "`ratios` must be numbers in (0, 1], got '1.5'"),
            (["--ratios", "0.3"], "`ratios` must be among"),
            (
                ["--objective", "losses.kl"],
                "`--objective` must be one of mean_joint_error_mm, median",
            ),
            (["--space", "nowhere"], "`space` must be one of loss_weights, joint"),
            (["--preset", "smal"], "`preset` must be one of paper, small, tiny"),
            (["--set", "joint.epoch=4"], "did you mean `joint.epochs`?"),
            (["--device", "gpu"], "`--device` must be one of auto, cpu, cuda, got"),
            (["--set", "networks.side_px=48"], "`networks.side_px` must be one of"),
            (["--grace", "20"], "`max_step` must be at least `grace`"),
            (["--eta", "1"], "`eta` must be above 1"),
            (["--data", "poses:nowhere"], "`data` must name a folder"),
            (["--data", f"poses:{'x' * 300}"], "cannot be used: File name too long"),
            (
                ["--data", "synthetic:x"],
                "`data` must be synthetic[:FRAMES], poses:DIR, nyu:DIR",
            ),
            (["--split", "block"], "`split` must be one of person"),
            (
                ["--trails", "3"],
                "`--trails` is no option of crossnets search; did you mean `--trials`?",
            ),
            (["--config", "nowhere.toml"], "`config` must be a file to read"),
        ],
    )
    def test_a_search_is_refused_before_anything_is_written(
        self, capsys, tmp_path, monkeypatch, words, sentence
    ):
        """The sentence names argument, rule and value; no store appears."""
        monkeypatch.chdir(tmp_path)
        assert sentence in refused(capsys, [*SEARCH, *words])
        assert list(tmp_path.iterdir()) == []

    def test_an_unknown_parameter_in_a_space_names_it(
        self, capsys, tmp_path, monkeypatch
    ):
        """What may have been meant follows."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mine.toml").write_text(SPACE)
        sentence = refused(capsys, [*SEARCH, "--space", "mine.toml"])
        assert "got `losses.kll` in `mine`" in sentence
        assert "did you mean `losses.kl`?" in sentence
        assert not (tmp_path / "runs").exists()

    @pytest.mark.parametrize("name", ["../x", "Real", "1e5", "", "a" * 65, "a b"])
    def test_a_name_that_could_be_a_path_is_refused(
        self, capsys, tmp_path, monkeypatch, name
    ):
        """Names are letters, digits, `_` and `-`, and start with a letter."""
        monkeypatch.chdir(tmp_path)
        assert "`name` must" in refused(capsys, ["search", name, *SEARCH[2:]])
        assert list(tmp_path.iterdir()) == []

    def test_a_short_row_names_file_and_row(self, capsys, tmp_path, realdata):
        """Row 7 of v lost its last number."""
        folder = tmp_path / "poses"
        shutil.copytree(realdata / "nyu" / "joints36", folder / "joints36")
        path = folder / "joints36" / "joint_1_v.csv.gz"
        path.chmod(0o644)
        (folder / "joints36").chmod(0o755)
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        lines[6] = lines[6].rpartition(",")[0]
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
        words = ["search", "s", "--data", f"poses:{folder}", "--preset", "tiny"]
        sentence = refused(capsys, [*words, "--store", str(tmp_path / "runs")])
        assert (
            "joint_1_v.csv.gz must have 36 numbers in every row, got 35 in row 7"
            in sentence
        )
        assert not (tmp_path / "runs").exists()

    @pytest.mark.parametrize("place", ["a_file", "a_file/below", "/proc/nowhere"])
    def test_a_store_that_cannot_be_written(self, capsys, tmp_path, monkeypatch, place):
        """A file, a place below a file, and a read-only file system."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "a_file").write_text("x")
        assert "`store` must" in refused(capsys, [*SEARCH, "--store", place])
        assert (tmp_path / "a_file").read_text() == "x"

    @pytest.mark.parametrize(
        "words",
        [
            ["best", "s"],
            ["status"],
            ["query", "SELECT 1"],
            ["rerun", "s"],
            ["train", "--from", "s/t-00001"],
        ],
    )
    def test_reading_where_no_store_is(self, capsys, tmp_path, monkeypatch, words):
        """The store is not made by looking for it."""
        monkeypatch.chdir(tmp_path)
        assert "`store` must be the folder of a store, got 'runs'" in refused(
            capsys, words
        )
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["serch"], "`serch` is no verb of crossnets; did you mean `search`?"),
            (["search"], "crossnets search needs name"),
            (["query", "SELECT 1", "--format", "xml"], "`--format` must be one of"),
            (["query", "SELEC 1"], "`sql` must be valid"),
            (["query", "DROP TABLE trials"], "`sql` must be one SELECT statement"),
            (
                ["query", "SELECT * FROM read_text('/etc/passwd')"],
                "`sql` must be valid",
            ),
            (
                ["best", "nothing"],
                "`search` must be a search that is there in the store",
            ),
            (["train", "--from", "s"], "`from` must be SEARCH/TRIAL"),
            (["rerun", "s", "--top", "0"], "`top` must be 1 or more"),
            (
                ["data", "show", "synthetic:40", "--side", "48"],
                "`--side` must be one of",
            ),
            (["data", "show", "synthetic:40", "--frames", "0"], "`frames` must be 1"),
            (
                ["data", "show", "synthetic:40", "--out", "no/x.png"],
                "`out` must lie in",
            ),
        ],
    )
    def test_other_verbs(self, capsys, tmp_path, monkeypatch, words, sentence):
        """Each has its sentence."""
        monkeypatch.chdir(tmp_path)
        Store.open("runs", create=True)
        assert sentence in refused(capsys, words)


class TestOverview:
    def test_no_words_at_all_show_the_overview(self, capsys):
        """It is wrong usage, and says what there is."""
        code, out, _ = said(capsys, [])
        assert code == cli.USAGE
        assert "usage: crossnets" in out

    def test_the_overview_names_every_verb(self, capsys):
        """A line a command, and its first words."""
        code, out, _ = said(capsys, ["--help"])
        assert code == cli.DONE
        for name, command in COMMANDS.items():
            assert f"  {name}" in out
            assert (command.options.__doc__ or "").splitlines()[0] in out

    def test_the_version_is_that_of_the_distribution(self, capsys):
        """One line, as `pip show` has it."""
        line = f"crossnets {metadata.version('crossnets')}\n"
        assert said(capsys, ["--version"]) == (cli.DONE, line, "")


LEAVE = """
import atexit, sys
from harness.commands import cli
atexit.register(print, "tidied up")
print("x" * 100_000)
cli.leave(int(sys.argv[1]))
"""


class TestLeaving:
    """The process ends at once; nothing that was said or wanted is lost by it."""

    @pytest.mark.parametrize("code", [cli.DONE, exit_codes.FAILED, cli.USAGE])
    def test_what_was_printed_and_registered_is_done(self, code):
        """Into a pipe, which holds less than what is printed."""
        words = [sys.executable, "-c", LEAVE, str(code)]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        assert done.returncode == code
        assert done.stdout == "x" * 100_000 + "\ntidied up\n"
        assert done.stderr == ""

    def test_an_interruption_waits_for_nothing(self):
        """What was printed is there; no library has its say."""
        words = [sys.executable, "-c", LEAVE, str(cli.INTERRUPTED)]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        assert done.returncode == cli.INTERRUPTED
        assert done.stdout == "x" * 100_000 + "\n"

    @pytest.mark.parametrize("word", ["--version", "--help"])
    def test_a_full_disk_is_one_sentence(self, word):
        """Whether printing finds out or the last flush."""
        if not Path("/dev/full").exists():
            pytest.skip("the system has no /dev/full")
        words = [
            sys.executable,
            "-c",
            "from harness.commands import cli; cli.main()",
            word,
        ]
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                words, check=False, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == cli.STORAGE
        assert done.stderr == (
            "crossnets: What was asked for cannot be written: No space left on "
            "device.\n"
        )

    def test_a_reader_that_has_had_enough_is_no_error(self):
        """As with `| true`: nobody reads any more when something is printed."""
        words = [
            sys.executable,
            "-c",
            "from harness.commands import cli; cli.main()",
            "--help",
        ]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(words, **pipes, text=True) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == ""
        assert process.returncode == cli.DONE


class TestUnforeseen:
    """What no sentence was written for."""

    @pytest.fixture
    def break_best(self, monkeypatch, tmp_path):
        """Puts code in the place of `crossnets best`; logs go to `state`."""
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

        def broken(code: str) -> Path:
            command = Command(COMMANDS["best"].options, lambda _: eval(code))
            monkeypatch.setitem(COMMANDS, "best", command)
            return tmp_path / "state" / "crossnets" / "crossnets.log"

        return broken

    @pytest.mark.parametrize(
        ("code", "name"),
        [
            ("int('x')", "ValueError"),
            ("'\\ud800'.encode()", "UnicodeEncodeError"),
            ("{}['x']", "KeyError"),
            ("1 / 0", "ZeroDivisionError"),
        ],
    )
    def test_it_is_one_sentence_and_the_traceback_is_in_the_log(
        self, capsys, break_best, code, name
    ):
        """The sentence names the error and the log; the code is 70."""
        path = break_best(code)
        exit_code, out, err = said(capsys, ["best", "s"])
        assert (exit_code, out) == (exit_codes.UNFORESEEN, "")
        sentence = f"A defect of the program, whose traceback is in {path}: {name}: "
        assert err.startswith(f"crossnets: {sentence}")
        assert err.count("\n") == 1
        assert f"    {name}: " in path.read_text("utf-8")

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_debug_prints_the_traceback_too(self, capsys, break_best, place):
        """Wherever it stands."""
        break_best("1 / 0")
        words = ["best", "s"]
        words.insert(place, "--debug")
        code, _, err = said(capsys, words)
        assert code == exit_codes.UNFORESEEN
        assert err.startswith("Traceback (most recent call last):\n")
        assert "\nZeroDivisionError: division by zero\n" in err
        assert err.splitlines()[-1].startswith("crossnets: A defect of the program")

    def test_debug_prints_that_of_a_mistake_as_well(self, capsys):
        """The exit code stays that of wrong usage."""
        code, _, err = said(capsys, ["serch", "--debug"])
        assert code == cli.USAGE
        assert err.startswith("Traceback")

    def test_without_a_log_the_sentence_says_so(self, capsys, monkeypatch, break_best):
        """The folder of logs is below a file."""
        break_best("1 / 0")
        monkeypatch.setenv("XDG_STATE_HOME", __file__)
        code, _, err = said(capsys, ["best", "s"])
        assert code == exit_codes.UNFORESEEN
        assert err == (
            "crossnets: A defect of the program, whose traceback is shown by --debug, "
            "no log could be written: ZeroDivisionError: division by zero\n"
        )

    def test_the_overview_names_debug(self, capsys):
        """One line about it."""
        assert "--debug" in said(capsys, ["--help"])[1]


BASE = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LACKING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
LACKING = sys.argv[1].split(",")
sys.meta_path.insert(0, Refused())
from harness.commands.cli import main
main(sys.argv[2:])
"""

EXTRAS = (
    "torch,ray,optuna,onnx,onnxruntime,jaxtyping,matplotlib,PIL,"
    "safetensors,crc32c,tensorboardX"
)


class TestBase:
    """The plain installation, without any extra."""

    @staticmethod
    def ended(tmp_path, words, lacking=EXTRAS) -> tuple[int, str, str]:
        """Exit code and words of a process that cannot import what is lacking."""
        done = subprocess.run(
            [sys.executable, "-c", BASE, lacking, *words],
            cwd=tmp_path,
            env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
            check=False,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr

    @pytest.mark.parametrize(
        ("words", "extra"),
        [
            ("demo", "search"),
            ("search s", "search"),
            ("plan s", "search"),
            ("rerun s", "search"),
            ("train", "train"),
            ("predict f --model m --camera nyu", "train"),
            ("evaluate f --data nyu:d", "train"),
            ("export s/t-00001 --out o", "train"),
            ("data show", "train"),
            ("data prepare nyu:d", "train"),
        ],
    )
    def test_a_command_says_what_to_install(self, tmp_path, words, extra):
        """One sentence, exit code 2; nothing is written."""
        code, out, err = self.ended(tmp_path, words.split())
        assert (code, out) == (cli.USAGE, "")
        assert err.startswith("crossnets: `")
        assert err.endswith(f"is not installed: pip install 'crossnets[{extra}]'.\n")
        assert err.count("\n") == 1
        assert list(tmp_path.iterdir()) == []

    def test_doctor_finds_it(self, tmp_path):
        """Each check that needs it says so, and the others are made."""
        words = ["doctor", "--format", "json"]
        code, out, err = self.ended(tmp_path, words)
        assert (code, err) == (exit_codes.FAILED, "")
        found = {row["check"]: row for row in json.loads(out)}
        sentence = "is not installed: pip install 'crossnets[search]'."
        for check in ("gpu", "data"):
            assert found[check]["verdict"] == "mend"
            assert found[check]["finding"].endswith(sentence)
        assert found["store"]["verdict"] == "ok"

    def test_a_module_of_the_base_is_a_defect(self, tmp_path):
        """No extra has it, so there is nothing to advise."""
        Store.open(tmp_path / "runs", create=True)
        code, out, err = self.ended(tmp_path, ["query", "SELECT 1"], "duckdb")
        assert (code, out) == (exit_codes.UNFORESEEN, "")
        assert "ModuleNotFoundError: No module named 'duckdb'" in err
        assert "Traceback" not in err


def test_an_output_that_takes_only_ascii(tmp_path):
    """The rows are there, with lines that it can show; what it cannot is escaped."""
    Store.open(tmp_path / "runs", create=True)
    words = ["query", "SELECT 1.5 AS number, 'caf\u00e9' AS text"]
    done = subprocess.run(
        [sys.executable, "-m", "harness.commands.cli", *words, "--store", "runs"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert (done.returncode, done.stderr) == (cli.DONE, "1 row.\n")
    assert "number" in done.stdout
    assert "1.5" in done.stdout
    assert "caf\\xe9" in done.stdout
    assert "+---" in done.stdout
