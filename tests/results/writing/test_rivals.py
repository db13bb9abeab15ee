"""Several processes or threads at one store: who wins, and that all rows are there."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

import results
from results import Store, queries
from results.format import schema, segments


PROJECT = Path(results.__file__).parents[1]
CHILD = Path(__file__).parents[1] / "fault_child.py"


@pytest.fixture(autouse=True)
def _spool(tmp_path, monkeypatch):
    monkeypatch.setenv("CROSSNETS_SPOOL", str(tmp_path / "spool"))


def stored(store, search):
    """How often each (table, epoch, seq) stands in the files, readers' care aside."""
    found = Counter()
    for table in schema.TABLES:
        for path in store.storage.list(segments.folder(table, search)):
            rows = segments.decode(path, table, store.storage.get(path)).to_pylist()
            found.update((table, row["driver_epoch"], row["seq"]) for row in rows)
    return found


def child(*words, **given):
    """A process that runs `fault_child.py`."""
    return subprocess.Popen(
        [sys.executable, str(CHILD), *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        **given,
    )


class TestRivals:
    def test_racing_threads(self, tmp_path, make):
        """Of eight threads that create one name, one wins; a hundred times."""
        store = Store.open(tmp_path / "store", create=True)
        for number in range(100):
            header, won = make.header(name=f"s{number}"), []
            start = threading.Barrier(8)

            def race(header=header, won=won, start=start):
                start.wait()
                with contextlib.suppress(ValueError):
                    store.create_search(header)
                    won.append(header.name)

            threads = [threading.Thread(target=race) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(won) == 1

    def test_racing_processes(self, tmp_path):
        """Of four processes that create a hundred names, one wins each."""
        Store.open(tmp_path / "store", create=True)
        rivals = [child("race", tmp_path / "store", tmp_path / "go") for _ in "1234"]
        for rival in rivals:
            assert rival.stdout.readline() == "ready\n"
        (tmp_path / "go").write_text("")
        said = [rival.communicate(timeout=60)[0].split() for rival in rivals]
        assert [rival.returncode for rival in rivals] == [0] * 4
        assert Counter(name for names in said for name in names) == Counter(
            f"s{number}" for number in range(100)
        )

    def test_four_drivers(self, tmp_path, make):
        """Four searches in one store at once: 500 reports each, no more, no fewer."""
        store = Store.open(tmp_path / "store", create=True)
        names = ["a", "b", "c", "d"]
        for name in names:
            store.create_search(make.header(name=name))
        drivers = [child("drive", tmp_path / "store", name, 500) for name in names]
        assert [driver.wait(120) for driver in drivers] == [0] * 4
        for driver, name in zip(drivers, names, strict=True):
            driver.stdout.close()
            rows = store.rows("reports", name).to_pylist()
            assert sorted(row["epoch"] for row in rows) == [*range(500)]
            assert {row["search"] for row in rows} == {name}
            assert set(stored(store, name).values()) == {1}
        assert len(store.rows("reports")) == 2000

    def test_stopped_and_taken_over(self, store, make):
        """What a driver writes after it was stopped and taken over never wins."""
        with child("rival", store.storage.root) as first:
            for step in range(30):
                assert first.stdout.readline() == f"{step}\n"
            first.send_signal(signal.SIGSTOP)
            with store.writer("demo", takeover=True) as second:
                before = {row["epoch"] for row in store.rows("reports").to_pylist()}
                assert before >= set(range(30))
                for step in range(40):
                    report = make.report(step, objective_mm=-1.0)
                    second.append("reports", report)
                first.send_signal(signal.SIGCONT)
                later = first.stdout.read().split()
                assert first.wait(30) == 0
                assert later[-1] == "refused"
                second.append("reports", make.report(40, objective_mm=-1.0))
        rows = queries.read(store, "reports").to_pylist()
        won = {row["epoch"]: row["objective_mm"] for row in rows}
        assert all(won[step] == -1.0 for step in range(41))
        with store.writer("demo") as third:
            assert third.warnings == ()
        assert queries.read(store, "reports").to_pylist() == rows
