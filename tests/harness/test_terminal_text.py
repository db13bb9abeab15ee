"""Texts that would steer a terminal, a spreadsheet or a browser: shown, not obeyed."""

import csv
import io
import json
import math
import re
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from cnets import presets
from cnets.hands.skeleton import SKELETONS
from cnets.inference.model import Model
from cnets.networks import crossing_net
from harness.commands import cli
from harness.commands.printing import messages, tables
from harness.commands.results.best import Best
from harness.commands.table import COMMANDS, Command
from harness.definition.terminal import printable
from harness.exporting.card import card
from results import Header, Store
from results.format import caps, parameter_rows


HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "[red]red[/red]",
    "[link=file:///etc/passwd]x[/link]",
    "[/]",
    ":smiley: \\[red]",
    "a\\",
    "\u202etxt.exe",
    "\u2066x\u2069",
    "two\nlines\rback",
    "\x08\x7f\x00",
    "\u200b\ufeff",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\u2028x",
)


def assert_inert(shown: str) -> None:
    """Nothing but line ends and what can be seen."""
    assert all(line.isprintable() for line in shown.split("\n")), repr(shown)


@pytest.mark.parametrize("text", HOSTILE)
class TestTables:
    def test_a_drawn_cell_and_its_heading_are_inert(self, text):
        """Both show what `printable` shows, markup and emoji names to the letter."""
        shown = tables.show(pa.table({text: [text, "x"]}), "table", f"{text}!")
        assert_inert(shown)
        visible = printable(text).rstrip()
        assert shown.count(visible) == 3
        assert len(shown.splitlines()) == 7

    def test_a_cell_of_a_list_or_record_is_inert(self, text):
        """Values inside of others are texts too."""
        cells = pa.table({"a": [[text]], "b": [{"c": text}]})
        assert_inert(tables.show(cells, "table"))

    def test_json_is_exact(self, text):
        """The very text comes back, and none of it is raw."""
        shown = tables.show(pa.table({text: [text]}), "json")
        assert json.loads(shown) == [{text: text}]
        assert_inert(shown)

    def test_a_csv_cell_is_text(self, text):
        """A formula has a quote before it; controls but tab and new line are escaped."""
        shown = tables.show(pa.table({"a": [text], "b": ["x"]}), "csv")
        rows = list(csv.reader(io.StringIO(shown, newline="")))
        quote = "'" if text[0] in "=+-@\t\r" else ""
        want = "".join(c if c in "\t\n" else printable(c) for c in text)
        assert rows == [["a", "b"], [quote + want, "x"]]
        assert "\x1b" not in shown
        assert "\u202e" not in shown


class TestNumbers:
    def test_are_never_quoted_in_csv(self):
        """Negative and infinite ones, decimals and whole sums stay numbers."""
        cells = pa.table(
            {
                "a": [-1.5],
                "b": [-math.inf],
                "c": [-3],
                "d": [Decimal("-2.50")],
                "e": [Decimal(-7)],
            }
        )
        assert tables.show(cells, "csv").splitlines()[1] == "-1.5,-inf,-3,-2.5,-7"

    def test_decimals_are_numbers_in_json(self):
        """DuckDB gives them for `sum` of whole numbers and for 1.5."""
        cells = pa.table({"a": [Decimal("1.5")], "b": [Decimal(7)]})
        assert json.loads(tables.show(cells, "json")) == [{"a": 1.5, "b": 7}]
        assert type(json.loads(tables.show(cells, "json"))[0]["b"]) is int

    def test_two_columns_of_one_name_are_both_drawn(self):
        """As `SELECT 1 AS a, 2 AS a` gives them."""
        cells = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
        assert tables.show(cells, "csv").splitlines()[1] == "1,2"
        assert re.search(r"1 +│ +2", tables.show(cells, "table"))

    def test_other_types_are_text(self):
        """A duration of less than nothing starts with a sign and is quoted."""
        cells = pa.table({"a": [timedelta(seconds=-1)]})
        assert (
            tables.show(cells, "csv").splitlines()[1].strip('"').startswith("'-1 day")
        )


def test_printable_shows_escapes():
    """Each character that is not to be seen by its Python escape; others as they are."""
    text = "\x1b\x9b\u202e\ud800\U000e0001ä漢 \t"
    shown = r"\x1b\x9b\u202e\ud800\U000e0001ä漢 \t"
    assert printable(text) == shown


@pytest.fixture(scope="module")
def strange(tmp_path_factory) -> str:
    """A store whose header and rows hold every hostile text; it is only read."""
    folder = tmp_path_factory.mktemp("strange") / "store"
    store = Store.open(folder, create=True)
    names = [*(text for text in HOSTILE if "\0" not in text), "losses.kl"]
    store.create_search(
        Header(
            name="s",
            space={"name": HOSTILE[0]},
            base_config={},
            data=HOSTILE[1],
            data_settings={},
            data_fingerprint="f" * 64,
            mean_pose_mm={"1.0": 40.0},
            rules={"objective": HOSTILE[1]},
            code_version=HOSTILE[2],
            environment={},
            seed=0,
            ratios=(1.0,),
            parameters=dict.fromkeys(names, "string"),
            trials=1,
            created_utc=HOSTILE[3],
        )
    )
    with store.writer("s") as writer:
        for number, text in enumerate(HOSTILE, 1):
            row = {
                "attempt": 1,
                "trial": f"t-{number:05d}",
                "number": number,
                "event": "ended",
                "state": "completed",
                "reason": text,
                "origin": "random",
                "labelled_ratio": 1.0,
                "seed": 0,
                "label_seed": 0,
                "epoch": 9,
                "objective_mm": 20.0 + number,
                "config_json": text,
                "code_version": text,
                "space": text,
            }
            cells = parameter_rows.rows(dict.fromkeys(names, text))
            named = {"attempt": 1, "trial": row["trial"]}
            writer.append_many(
                [("trials", row)] + [("parameters", named | cell) for cell in cells]
            )
    return str(folder)


def run(capsys, words) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    code = cli.run(words)
    said = capsys.readouterr()
    return code, said.out, said.err


class TestCommands:
    @pytest.mark.parametrize(
        "words",
        [
            ["best", "s", "--top", "100"],
            ["status"],
            ["status", "s"],
            ["query", "SELECT * FROM trials"],
            ["query", "SELECT reason, [reason] AS l FROM trial_events"],
            ["verify"],
        ],
    )
    def test_print_a_strange_store_inertly(self, capsys, strange, words):
        """Its texts are seen and do nothing."""
        code, out, err = run(capsys, [*words, "--store", strange])
        assert code == cli.DONE
        assert_inert(out)
        assert_inert(err)

    @pytest.mark.parametrize("style", ["json", "csv"])
    def test_export_a_strange_store(self, capsys, strange, style):
        """JSON has every reason to the letter; neither has raw escapes."""
        words = ["query", "SELECT reason FROM trials ORDER BY number"]
        code, out, _ = run(capsys, [*words, "--store", strange, "--format", style])
        assert code == cli.DONE
        assert "\x1b" not in out
        if style == "json":
            assert [row["reason"] for row in json.loads(out)] == list(HOSTILE)

    @pytest.mark.parametrize("text", [t for t in HOSTILE if "\x00" not in t])
    @pytest.mark.parametrize(
        "words",
        [
            ["{}"],
            ["best", "{}"],
            ["best", "s", "--per", "no {}"],
            ["best", "s", "--format", "{}"],
            ["best", "s", "--{}"],
            ["best", "s", "--top", "{}x"],
            ["best", "s", "{}"],
            ["status", "s", "--store", "{}"],
            ["query", "{}"],
            ["query", "SELECT '{}' FROM nowhere"],
            ["search", "x", "--set", "{}=1"],
            ["search", "x", "--space", "{}.toml"],
            ["search", "x", "--config", "{}"],
            ["search", "x", "--data", "poses:{}"],
            ["predict", "{}", "--model", "{}", "--camera", "nyu"],
            ["export", "{}"],
        ],
    )
    def test_complain_inertly(
        self, capsys, strange, monkeypatch, tmp_path, words, text
    ):
        """What was typed comes back in one line that does nothing."""
        monkeypatch.chdir(tmp_path)
        typed = [word.replace("{}", text) for word in words]
        if words[0] in ("best", "query") and "--store" not in typed:
            typed += ["--store", strange]
        code, out, err = run(capsys, typed)
        assert (code, out) == (cli.USAGE, "")
        assert err.startswith("crossnets: ")
        assert err.endswith("\n")
        assert err[:-1].isprintable(), repr(err)

    def test_complain_of_a_file_inertly(self, capsys, tmp_path):
        """What a configuration or a space holds does not reach the terminal raw."""
        for text in (
            '"\\u001b]0;x\\u0007" = 1',
            '[run]\n"\\u001b[2J" = 1',
            'preset = "\\u001b[2J"',
            'data = "\\u202ex"',
        ):
            (tmp_path / "c.toml").write_text(text)
            words = ["search", "x", "--config", str(tmp_path / "c.toml")]
            code, _, err = run(capsys, [*words, "--store", str(tmp_path / "runs")])
            assert code == cli.USAGE
            assert err[:-1].isprintable()

    def test_complain_briefly(self, capsys):
        """A sentence that quotes a long text is cut, with an ellipsis."""
        code, _, err = run(capsys, ["x" * 1_000_000])
        assert code == cli.USAGE
        assert len(err) == len("crossnets: \n") + messages.LONGEST
        assert err.endswith("…\n")

    def test_go_on_inertly_after_an_interruption(self, capsys, monkeypatch):
        """The command to go on with is shown with its escapes."""

        def interrupted(_: object) -> int:
            raise KeyboardInterrupt

        monkeypatch.setitem(COMMANDS, "best", Command(Best, interrupted))
        code, _, err = run(capsys, ["best", "s", "--store", "\x1b[2J"])
        assert code == cli.INTERRUPTED
        assert err[:-1].isprintable()


class TestModelCard:
    def made(self, text: str) -> str:
        """A card whose every text is hostile."""
        run = presets.preset("tiny").replace({"networks.joints": 21})
        model = Model(
            name=text,
            config=run,
            skeleton=SKELETONS["hand21"],
            camera=None,
            modules=crossing_net.build(run),
        )
        origin = {"kind": "run", "name": text, "data": text, text: text}
        return card(model, origin=origin, figures={"data": text}, version=text)

    @pytest.mark.parametrize(
        "text", [*HOSTILE, "`", "``x`", "# head", "a|b", "![x](y)"]
    )
    def test_shows_texts_as_they_are(self, text):
        """Inert, on one line, and without a tag, a link, a cell or a heading."""
        plain = self.made("plain")
        said = self.made(text)
        assert_inert(said)
        lines = said.split("\n")
        assert len(lines) == len(plain.split("\n"))
        assert [x for x in lines if x.startswith("#")] == [
            x for x in plain.split("\n") if x.startswith("#")
        ]
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", said)  # but for code
        assert "<script" not in outside
        assert not re.search(r"(?<!\\)\]\(", outside)

    def test_escapes_by_hand(self):
        """One text with every character that Markdown knows."""
        said = self.made("<b>&`*_[x](y)|~$\\")
        assert r"name: &lt;b\>&amp;\`\*\_\[x\](y)\|\~\$\\" in said
        assert "On the test part of `` <b>&`*_[x](y)|~$\\ ``:" in said


class TestCaps:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "a" * 4096,
            "ä" * 2048,
            "a" * 4097,
            "ä" * 4000,
            "漢" * 9999,
            "\ud800" * 9999,
        ],
    )
    def test_a_long_text_is_cut(self, text):
        """What fits is kept; else whole characters and an ellipsis, within 4 KiB."""
        shown = caps.cut(text)
        assert len(shown.encode()) <= 4096
        if len(text.encode("utf-8", "surrogatepass")) <= 4096:
            assert shown == text
        else:
            assert shown.endswith("…")
            assert len(shown.encode()) > 4090

    def test_cells_at_their_limits(self):
        """The largest pass, one byte or value more is refused with the figures."""
        caps.check_cell("trials.reason", "a" * 4096)
        caps.check_cell("trials.config_json", "a" * 65536)
        caps.check_cell("finals.per_joint_mm", [1.0] * 256)
        for where, value, said in (
            ("trials.reason", "ä" * 2049, "at most 4096 bytes, got 4098"),
            ("trials.config_json", "a" * 65537, "at most 65536 bytes, got 65537"),
            ("finals.per_joint_mm", [1.0] * 257, "at most 256 values, got 257"),
        ):
            with pytest.raises(ValueError, match=f"`{where}` must have {said}"):
                caps.check_cell(where, value)

    def test_a_crash_with_a_long_message_is_recorded(self, driven):
        """The reason is cut by the recorder, so that its row can be stored."""
        name = driven.policy.propose().trial
        driven.policy.crashed(name, "x" * 100_000 + "\ud800")
        driven.writer.flush()
        (row,) = driven.store.rows("trials", "s").to_pylist()[-1:]
        assert len(row["reason"].encode()) == 4096


def test_pictures_of_a_strange_trial_go_nowhere(tmp_path, driven, make_report):
    """A trial's name that is a path is refused before a folder is made of it."""
    from dataclasses import replace

    from harness.driver.display.tensorboard import Board

    driven.policy.propose()
    (trial,) = driven.policy.trials.values()
    trial.proposal = replace(trial.proposal, trial="../../x")
    board = Board(tmp_path / "a" / "b", pytest.fail)
    drawn = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(ValueError, match=r"`trial` must be 1 to 64.*'\.\./\.\./x'"):
        board(trial, make_report(1, 2.0, pictures=drawn))
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "a").exists()
