"""Stores that earlier versions wrote open, read the same, and are never harmed.

`golden/<version>` holds a store and what that version itself read from it;
`golden/make_store.py` says how they were made.
"""

import json
import math
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from harness.commands import cli
from results import SchemaMismatch, Store, queries
from results.checking.verify import verify
from results.format import records, schema
from results.writing import compaction


GOLDEN = Path(__file__).parent / "golden"
VERSIONS = sorted(path.parent.name for path in GOLDEN.glob("*/answers.json"))


@pytest.fixture(params=VERSIONS)
def golden(request) -> Path:
    """The folder of one version; only read."""
    return GOLDEN / request.param


@pytest.fixture
def copied(golden, tmp_path) -> Path:
    """A copy of its store, which a test may change."""
    return shutil.copytree(golden / "store", tmp_path / "store")


@pytest.fixture
def answers(golden) -> dict:
    """What the version that wrote it read from it."""
    return json.loads((golden / "answers.json").read_text(encoding="utf-8"))


def plain(value):
    """A value as the recorded answers spell it."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


NAMES = {"search_id": "search", "epoch": "driver_epoch", "step": "epoch"}
"""What columns of the first major version are called now."""

GONE = {"losses_kl", "latent_size", "networks_norm"}
"""Its columns that are rows of `parameters` now."""

FINAL = {"entrant": "t-00001", "look": 1, "state": "completed", "reason": ""}
"""What a row of its finals means now."""


def now(row: dict, version: str) -> dict:
    """A recorded row under the names of this version."""
    if version.partition(".")[0] != "1":
        return row
    row = {NAMES.get(n, n): cell for n, cell in row.items() if n not in GONE}
    return row | FINAL if "search" in row and "final_seed" in row else row


def check_rows(table, recorded, version) -> None:
    """Every cell is as recorded; empty ones, and columns added since, were not."""
    recorded = [now(row, version) for row in recorded]
    rows = table.to_pylist()
    assert len(rows) == len(recorded)
    for row, wanted in zip(rows, recorded, strict=True):
        found = {name: plain(cell) for name, cell in row.items() if cell is not None}
        found.pop("time_utc", None)
        assert found == wanted


def check_answers(store: Store, answers: dict) -> None:
    """Every recorded answer is still given."""
    for table, recorded in answers["read"].items():
        check_rows(queries.read(store, table, "alpha"), recorded, answers["version"])
    trials = queries.read(store, "trials", "alpha")
    # Which trial is best is a rule of this version (test_ranking); its cells are not.
    for recorded in (answers["best"], answers["best_together"]):
        known = {row["trial"]: {**row, "rank": 0} for row in recorded}
        mask = [trial in known for trial in trials["trial"].to_pylist()]
        chosen = trials.filter(pa.array(mask))
        ranks = pa.array([0] * len(chosen), pa.int32())
        in_order = sorted(known.values(), key=lambda row: row["trial"])
        check_rows(chosen.append_column("rank", ranks), in_order, answers["version"])


def listing(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


class TestEveryVersion:
    def test_there_is_one_a_version(self, golden, answers):
        """Each folder is named after the version that wrote it."""
        assert answers["version"] == golden.name
        said = json.loads((golden / "store" / "store.json").read_text())
        assert said["record"]["version"] == golden.name

    def test_this_version_is_among_them(self):
        """A new schema version cannot be released without its golden store."""
        assert schema.VERSION in VERSIONS

    def test_small(self, golden):
        """A version costs the repository less than 150 kB."""
        assert sum(len(data) for data in listing(golden).values()) < 150_000

    def test_same_answers(self, golden, answers):
        """Reading and ranking give what the writing version gave."""
        check_answers(Store.open(golden / "store"), answers)

    def test_same_sql(self, golden, answers):
        """SQL over the views gives what the writing version gave."""
        store = Store.open(golden / "store")
        for sql, recorded in answers["query"].items():
            sql = sql.replace("search_id", "search")
            check_rows(queries.query(store, sql, "alpha"), recorded, "2.0")

    def test_parameters(self, golden):
        """They are columns of the wide table, also where they stood in `trials`."""
        store = Store.open(golden / "store")
        found = queries.wide(store, "alpha")["losses.kl"].to_pylist()
        assert found == [0.5, 0.25, 0.5 / 3, 0.125]
        kinds = queries.read(store, "parameters", "alpha")["kind"].unique()
        assert "float" in kinds.to_pylist()

    def test_by_hand(self, golden):
        """Of rows written twice the later attempt counts; NaN is never best."""
        store = Store.open(golden / "store")
        reports = queries.read(store, "reports", "alpha").to_pylist()
        first = [row["objective_mm"] for row in reports if row["trial"] == "t-00000"]
        assert first == [32.0, 26.125, 24.125]  # 20 + 12 / step, then + 1 / 8
        trials = queries.read(store, "trials", "alpha")
        best = queries.best(trials)["trial"].to_pylist()
        assert best == ["t-00000", "t-00001"]
        assert "t-00002" in trials["trial"].to_pylist()

    def test_verify_is_clean(self, golden):
        """No file counts as damaged, and nothing is changed by looking."""
        before = listing(golden)
        assert list(verify(Store.open(golden / "store").storage)) == []
        assert listing(golden) == before

    def test_the_next_driver_goes_on(self, copied):
        """Rows that a killed driver of that version left in its journal are saved."""
        store = Store.open(copied)
        assert len(store.rows("reports", "beta")) == 0
        with store.writer("beta", takeover=True):
            pass
        assert store.rows("reports", "beta")["epoch"].to_pylist() == [1, 2]
        assert queries.wide(store, "beta")["losses.kl"].to_pylist() == [0.5]
        events = store.rows("trials", "beta").sort_by("seq")["event"].to_pylist()
        assert events == ["proposed", "started"]
        assert list(verify(store.storage)) == []

    def test_compacted(self, copied, answers):
        """Compaction by this version changes no answer."""
        store = Store.open(copied)
        compaction.compact_all(store.storage, "alpha", 3)
        files = list(copied.glob("reports/*alpha/*"))
        assert len(files) == (2 if "search_id" in str(files[0]) else 1)
        check_answers(store, answers)
        assert list(verify(store.storage)) == []


class TestNewerVersion:
    @pytest.fixture
    def newer(self, copied) -> Path:
        """The store as if a later major version had made it."""
        said = json.loads((copied / "store.json").read_text())["record"]
        (copied / "store.json").write_bytes(records.encode(said | {"version": "3.0"}))
        return copied

    def test_refused(self, newer):
        """It is not opened."""
        with pytest.raises(SchemaMismatch, match="install a newer crossnets"):
            Store.open(newer)

    @pytest.mark.parametrize(
        "words",
        [
            ["best", "alpha"],
            ["query", "SELECT 1"],
            ["status"],
            ["verify"],
            ["search", "alpha", "--data", "synthetic:40", "--preset", "tiny"],
        ],
    )
    def test_every_verb_says_so(self, newer, words, capsys):
        """Exit code 2, one sentence, and not a byte of the store is touched."""
        before = listing(newer)
        assert cli.run([*words, "--store", str(newer)]) == cli.USAGE
        said = capsys.readouterr()
        assert "install a newer crossnets" in said.err
        assert said.err.count("\n") == 1
        assert said.out == ""
        assert listing(newer) == before
