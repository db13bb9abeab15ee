"""Hostile names: none leads out of the store, wherever it comes from.

The other canaries: `test_secrets.py`, `test_planted.py` (pickles),
`results/test_sql_canaries.py` and `harness/test_terminal_text.py`.
"""

import random
import string
from pathlib import Path

import pytest

from cnets import presets
from cnets.config import TrainConfig
from harness import finals, repeat
from harness.commands import cli
from harness.definition import data_choice
from harness.definition.data_choice import DataChoice
from harness.definition.job import Plan
from harness.definition.options import SearchOptions
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.deciding.stopping import StoppingDecider
from harness.driver.display.tensorboard import Board
from harness.prepare import prepare
from results import Header, StorageError, Store, queries
from results.format import records


PIECES = (
    "..",
    "/",
    "\\",
    "../",
    "..\\",
    "%2e%2e%2f",
    "%00",
    "\0",
    "\n",
    "\r\n",
    "\t",
    " ",
    ".",
    "~",
    "$HOME",
    "`id`",
    ";rm",
    "|",
    "*",
    "con",
    "NUL",
    "aux.txt",
    "COM1",
    "C:",
    "\u0430",  # Cyrillic, looks like an a
    "\uff0e\uff0e\uff0f",  # full width dots and slash
    "\u2215",
    "\u202e",
    "\ud800",
    "\U0001f600",
    "a",
    "s",
    "A",
    "0",
    "-",
    "_",
    "etc/passwd",
    "searches",
    ".json",
)
FIXED = (
    "",
    ".",
    "..",
    "/",
    "../x",
    "/abs",
    "s/",
    "/s",
    "s/..",
    "s\0",
    "s\n",
    ".s",
    "S",
    "s" * 65,
    "s" * 1_000,
    "nul.",
    "s:x",
    "%2e%2e/x",
    "file:///etc",
    "s3://b/x",
    "\u017f",
    "\uff53",
)


def hostile(count: int) -> list[str]:
    """Names that no path may be made of; the same ones in every run."""
    draw, names = random.Random(1), list(FIXED)
    plain = set(string.ascii_lowercase + string.digits + "_-")
    while len(names) < count:
        name = "".join(draw.choices(PIECES, k=draw.randint(1, 6)))
        if not set(name) <= plain or not name[0].isalpha() or len(name) > 64:
            names.append(name)
    return names


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every path below a folder with its size and time, heart beats apart."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if not {".staging", "drivers"} & {*path.relative_to(folder).parts}
    }


@pytest.fixture
def outside(tmp_path, monkeypatch) -> Path:
    """A folder with the store of a search and a place to stand in, both watched."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("CROSSNETS_SPOOL", str(tmp_path / "spool"))
    store = Store.open(tmp_path / "store", create=True)
    store.create_search(header())
    with store.writer("s") as writer:
        writer.append("trials", trial())
    return tmp_path


def header(**given) -> Header:
    """The header of `s`."""
    facts = {
        "name": "s",
        "space": {"name": "joint"},
        "base_config": {},
        "data": "synthetic:40",
        "data_settings": {"side_px": 32, "split": None, "cache": "cache"},
        "data_fingerprint": "f" * 64,
        "mean_pose_mm": {"1.0": 40.0},
        "rules": {"objective": "mean_joint_error_mm"},
        "code_version": "0",
        "environment": {},
        "seed": 0,
        "ratios": (1.0,),
        "parameters": {"losses.kl": "float"},
        "trials": 1,
        "created_utc": "2026-11-22T18:00:00+00:00",
    }
    return Header(**facts | given)


def trial(**given) -> dict:
    """A completed trial of it."""
    facts = {
        "attempt": 1,
        "trial": "t-00001",
        "number": 1,
        "event": "ended",
        "state": "completed",
        "reason": "All epochs are done.",
        "origin": "start",
        "labelled_ratio": 1.0,
        "seed": 0,
        "label_seed": 0,
        "epoch": 9,
        "objective_mm": 20.0,
        "config_json": "{}",
        "code_version": "0",
        "space": "joint",
    }
    return facts | given


class TestNames:
    def test_of_10_000_searches_none_leads_out(self, outside):
        """Every function that takes a name refuses each, and no file changes."""
        store = Store.open(outside / "store")
        doors = (
            store.header,
            store.writer,
            store.driver,
            lambda name: store.rows("trials", name),
            lambda name: queries.read(store, "trials", name),
            lambda name: queries.progress(store, name),
            lambda name: queries.query(store, "SELECT 1", name),
            lambda name: store.create_search(header(name=name)),
            lambda name: finals.rerun(name, store=outside / "store"),
            lambda name: repeat.stored(outside / "store", f"{name}/t-00001"),
            lambda name: prepare(name, SearchOptions(), outside / "cache"),
        )
        before = listing(outside)
        names = hostile(10_000)
        for name in names:
            for door in doors:
                with pytest.raises(ValueError, match="must"):
                    door(name)
        assert len(set(names)) > 5_000
        assert listing(outside) == before

    def test_of_10_000_trials_none_leads_out(self, outside):
        """A trial's name is refused before a row, a job or a folder is made of it."""
        store = Store.open(outside / "store")
        plan = Plan(
            data=DataChoice(spec="synthetic", side_px=32, split=None, cache="x"),
            checkpoints=str(outside / "checkpoints"),
        )
        board = Board(outside / "tensorboard", pytest.fail)
        with store.writer("s") as writer:
            doors = (
                lambda name: writer.append("trials", trial(trial=name)),
                lambda name: plan.job(name, TrainConfig()),
                lambda name: repeat.stored(outside / "store", f"s/{name}"),
                board._writer,
            )
            before = listing(outside)
            for name in hostile(10_000):
                for door in doors:
                    with pytest.raises(ValueError, match="must"):
                        door(name)
            after = listing(outside)
        assert after == before

    @pytest.mark.parametrize(
        "words",
        [
            ["best", "{}"],
            ["status", "{}"],
            ["rerun", "{}"],
            ["verify", "{}"],
            ["train", "--from", "{}/t-00001"],
            ["train", "--from", "s/{}"],
            ["export", "{}/t-00001", "--out", "out"],
            ["export", "s/{}", "--out", "out"],
        ],
    )
    def test_typed_ones_neither(self, outside, capsys, words):
        """Exit code 2, one sentence, no file, and no name is printed raw."""
        before = listing(outside)
        for name in hostile(140):
            typed = [word.replace("{}", name) for word in words]
            code = cli.run([*typed, "--store", "../store"])
            said = capsys.readouterr()
            assert (code, said.out) == (cli.USAGE, ""), name[:80]
            assert said.err.startswith("crossnets: ")
            assert said.err[:-1].isprintable()
        assert listing(outside) == before

    def test_rows_of_a_strange_store_lead_nowhere(self, outside, make_policy):
        """A trial that a store calls `../../x` is refused when it is taken up."""
        row = trial(trial="../../x", attempt=1, wall_time_s=0.0, seq=1)
        with pytest.raises(ValueError, match=r"`trial` must be 1 to 64.*'\.\./\.\./x'"):
            make_policy().restore([row], [], [])
        assert not (outside.parent / "x").exists()

    def test_a_header_under_another_name_is_refused(self, outside):
        """So a header cannot send the checkpoints of its search elsewhere."""
        path = outside / "store" / "searches" / "other.json"
        path.write_bytes(header().to_bytes())
        with pytest.raises(StorageError, match="is the header of another search"):
            Store.open(outside / "store").header("other")

    @pytest.mark.parametrize(
        "changed",
        [
            {"name": 5},
            {"name": None},
            {"parameters": 5},
            {"ratios": 5},
            {"name": "../x"},
            {"parameters": {"a" * 300: "float"}},
            {"parameters": {f"a{n}": "float" for n in range(257)}},
            {"parameters": {"": "float"}},
            {"parameters": {"a\0b": "float"}},
        ],
    )
    def test_a_header_of_other_types_is_refused(self, outside, changed):
        """Checksum and form are right and the values are not: one sentence."""
        path = outside / "store" / "searches" / "s.json"
        record = records.decode("x", path.read_bytes()) | changed
        path.write_bytes(records.encode(record))
        with pytest.raises((StorageError, ValueError), match=r"must|is no header"):
            Store.open(outside / "store").header("s")


@pytest.fixture
def make_policy():
    """Makes a policy that stores nothing."""
    from harness.definition.rungs import Rungs
    from search_spaces import SPACES

    def make() -> SearchPolicy:
        return SearchPolicy(
            space=SPACES["loss_weights"],
            ratios=(1.0,),
            seed=0,
            base=presets.preset("tiny"),
            decider=StoppingDecider(
                Rungs(grace=1, eta=3, max_step=9), SPACES["loss_weights"], (1.0,), 0, 1
            ),
            objective="mean_joint_error_mm",
            recorder=None,
            watch=lambda *_: None,
        )

    return make


class TestNotedData:
    def test_the_stores_own_cache_is_used(self, outside):
        """Also where it is not made yet."""
        cache = outside / "store" / "cache"
        choice = self.choice(outside, cache)
        assert choice.cache == str(cache)

    def test_a_folder_that_is_no_cache_is_not_written_to(self, outside):
        """A header that names another folder gets the store's own."""
        (outside / "home").mkdir()
        choice = self.choice(outside, outside / "home")
        assert choice.cache == str(outside / "store" / "cache")
        sly = outside / "store" / ".." / "home"
        assert self.choice(outside, sly).cache == str(outside / "store" / "cache")

    def test_a_cache_elsewhere_is_used(self, outside):
        """One that holds prepared data, as `search(cache=...)` made it."""
        (outside / "cache" / "set").mkdir(parents=True)
        (outside / "cache" / "set" / "facts.json").touch()
        choice = self.choice(outside, outside / "cache")
        assert choice.cache == str(outside / "cache")

    @pytest.mark.parametrize(
        "settings",
        [
            None,
            [],
            {},
            {"side_px": "32", "split": None, "cache": "x"},
            {"side_px": 32, "split": None, "cache": "x", "spec": "poses:/"},
            {"side_px": 32, "split": None, "cache": "x", "more": 1},
            {"side_px": 32, "split": None, "cache": 3},
        ],
    )
    def test_what_describes_no_data_is_refused(self, outside, settings):
        """Missing, unknown and mistyped settings are one sentence."""
        store = Store.open(outside / "store")
        with pytest.raises(StorageError, match=r"`searches/s.json` is damaged: it des"):
            data_choice.of_header(store, header(data_settings=settings))

    def choice(self, outside: Path, cache: Path) -> DataChoice:
        """What is made of a header with that cache."""
        settings = {"side_px": 32, "split": None, "cache": str(cache)}
        store = Store.open(outside / "store")
        return data_choice.of_header(store, header(data_settings=settings))
