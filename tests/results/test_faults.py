"""Faults of the store, each exact in rows: failing calls, kills, full disks.

Rivals are in `test_rivals.py`.

`CROSSNETS_CHAOS=1` runs the long forms: twenty trials, a kill at every system call
under strace, and a store that is away for a minute.
"""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import results
from results import Store
from results.format import schema, segments
from results.format.storage import Storage, StorageError
from results.writing import background


PROJECT = Path(results.__file__).parents[1]
CHILD = Path(__file__).parent / "fault_child.py"
CHAOS = bool(os.environ.get("CROSSNETS_CHAOS"))
TRIALS = 20 if CHAOS else 4
FEW = 20 if CHAOS else 3
"""Where every call fails once: as often as there are calls is a search of these."""
IS_ROOT = os.geteuid() == 0
ENOSPC = 28

STORAGE_CALLS = ("create", "replace", "get", "modified", "list", "delete", "sweep")
SYSTEM_CALLS = ("write", "fsync", "link", "ftruncate")


@pytest.fixture(autouse=True)
def spool(tmp_path, monkeypatch):
    """The folder with the journals of object stores."""
    monkeypatch.setenv("CROSSNETS_SPOOL", str(tmp_path / "spool"))
    return tmp_path / "spool"


@pytest.fixture
def quick(monkeypatch):
    """Writers flush often, and try again soon."""
    monkeypatch.setattr(background, "FLUSH_S", 0.05)
    monkeypatch.setattr(background, "AGAIN_S", 0.05)


def stored(store):
    """How often each (table, driver_epoch, seq) stands in the files, readers' care aside."""
    found = Counter()
    for table in schema.TABLES:
        for path in store.storage.list(segments.folder(table, "demo")):
            rows = segments.decode(path, table, store.storage.get(path)).to_pylist()
            found.update((table, row["driver_epoch"], row["seq"]) for row in rows)
    return found


def wait_until(holds, timeout_s):
    """Wait for something to hold, and fail if it does not in time."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


class Fault:
    """Lets the Nth call of any kind fail, before or after it has done its work."""

    def __init__(self, patched, wanted, *, after):
        """Count the calls of `Storage` and of `os` from now on."""
        self.calls, self.fired = 0, False
        self._wanted, self._after = wanted, after
        self._lock = threading.Lock()
        for owner, names in ((Storage, STORAGE_CALLS), (os, SYSTEM_CALLS)):
            for name in names:
                patched.setattr(owner, name, self._failing(owner, name))

    def _failing(self, owner, name):
        call = getattr(owner, name)
        if name == "fsync":  # the disk keeps what it was given: no power is cut here
            call = lambda _: None  # noqa: E731

        def failing(*args, **given):
            with self._lock:
                self.calls += 1
                is_it = self.calls == self._wanted
                self.fired |= is_it
            kind = StorageError if owner is Storage else OSError
            text = f"Cannot {name}: call {self._wanted} failed."
            error = kind(text) if owner is Storage else kind(5, text)
            if is_it and not self._after:
                raise error
            done = call(*args, **given)
            if is_it:
                raise error
            return done

        return failing


def until_done(act):
    """Do something again until the store takes it, as the harness does."""
    for _ in range(3):
        with contextlib.suppress(StorageError):
            return act()
    raise AssertionError("one fault must not fail three times")


def small_search(location, make):
    """A search of some trials; returns its store, and the rows that were acknowledged."""
    acknowledged = Counter()
    store = until_done(lambda: Store.open(location, create=True))
    with contextlib.suppress(ValueError):  # made by a call that said it failed
        until_done(lambda: store.create_search(make.header()))
    open_writer = until_done(lambda: store.writer("demo"))
    for number in range(FEW):
        trial = f"t-{number:05d}"
        rows = [
            ("trials", make.trial(number)),
            ("reports", make.report(0, trial=trial)),
            ("decisions", make.decision(0, trial=trial)),
        ]
        seqs = until_done(lambda rows=rows: open_writer.append_many(rows))
        tables = [table for table, _ in rows]
        keys = zip(tables, seqs, strict=True)
        acknowledged.update(
            (table, open_writer.driver_epoch, seq) for table, seq in keys
        )
        if number % 3 == 1:  # others come before and after it
            with contextlib.suppress(StorageError):
                open_writer.flush()
    with contextlib.suppress(StorageError):
        open_writer.close()
    return store, acknowledged


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "object store"])
@pytest.mark.parametrize("after", [False, True])
def test_every_call_fails_once(after, kind, tmp_path, spool, make, monkeypatch):
    """Whichever call fails: every acknowledged row is stored once, and it goes on."""
    monkeypatch.setattr(background, "FLUSH_S", 1000.0)
    monkeypatch.setattr(background, "AGAIN_S", 1000.0)
    wanted, fired = 0, True
    while fired:
        wanted += 1
        location = tmp_path / str(wanted) if kind == "folder" else "memory://"
        with monkeypatch.context() as patched:
            fault = Fault(patched, wanted, after=after)
            store, acknowledged = small_search(location, make)
            fired = fault.fired
        if kind == "folder":
            store = Store.open(location)
        with store.writer("demo") as second:
            assert second.warnings == ()
            seq = second.append("trials", make.trial(99))
        acknowledged["trials", second.driver_epoch, seq] += 1
        assert stored(store) == acknowledged, f"call {wanted}"
        assert len(store.rows("trials")) == FEW + 1
    assert wanted > 10 * FEW
    assert list(spool.rglob("*.jsonl")) == []


def child(*words, **given):
    """A process that runs `fault_child.py`."""
    return subprocess.Popen(
        [sys.executable, str(CHILD), *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"},
        **given,
    )


def check_killed(folder, said):
    """The store opens, and every row that was acknowledged stands there once."""
    lines = [json.loads(line) for line in said]
    acknowledged = {tuple(key) for keys in lines for key in keys}
    assert len(acknowledged) == sum(map(len, lines))
    if not (folder / "searches/demo.json").exists():
        assert not acknowledged
        return 0
    store = Store.open(folder)
    with store.writer("demo") as second:
        assert second.warnings == ()
    found = stored(store)
    assert set(found.values()) <= {1}
    assert acknowledged <= set(found)
    extra = set(found) - acknowledged
    assert len(extra) in (0, 3)  # a group was written and its answer never given
    return len(acknowledged)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["before", "half", "after"])
def test_dies_inside_every_write(how, tmp_path):
    """SIGKILL before, within or after the Nth write, sync, link or cut, for every N."""
    with child("kills", tmp_path, how, TRIALS) as process:
        runs = [json.loads(line) for line in process.stdout]
    assert process.returncode == 0
    counts = [check_killed(Path(run["folder"]), run["said"]) for run in runs]
    assert [run["killed"] for run in runs] == [True] * (len(runs) - 1) + [False]
    assert counts[-1] == 3 * TRIALS
    assert counts[0] == 0
    assert len(set(counts)) == TRIALS + 1


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_killed_by_the_system(tmp_path):
    """The same from outside, by strace at the Nth system call of a thread."""
    calls = "write,fsync,?link,linkat,?rename,renameat,?renameat2,ftruncate"
    every = range(1, 1000) if CHAOS else (3, 12, 18, 23)
    for wanted in every:
        folder = tmp_path / str(wanted)
        inject = f"inject={calls}:signal=KILL:when={wanted}"
        words = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}"]
        done = subprocess.run(
            [*words, "-e", inject, sys.executable, CHILD, "one", folder, str(TRIALS)],
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ
            | {"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        if "ptrace" in done.stderr:
            pytest.skip("strace may not trace here")
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        count = check_killed(folder, done.stdout.splitlines())
        if done.returncode == 0:
            assert count == 3 * TRIALS
            return
    assert not CHAOS


def until_refused(open_writer, reports):
    """Numbers of the rows that the journal took before it refused one."""
    seqs = []
    with contextlib.suppress(StorageError):
        for report in reports:
            seqs.append(open_writer.append("reports", report))
    return seqs


def fill_and_free(store, make, hinder, free):
    """Rows before, during and after a fault that ends: all are there, each once.

    What is refused meanwhile is offered again, as the harness does.
    """
    with store.writer("demo") as open_writer:
        seqs = [open_writer.append("reports", make.report(k)) for k in range(5)]
        hinder()
        taken = until_refused(open_writer, [make.report(k) for k in range(5, 305)])
        wait_until(lambda: open_writer.trouble is not None, 10)
        trouble = open_writer.trouble
        free()
        wait_until(lambda: open_writer.trouble is None, 10)
        seqs += taken
        for step in range(5 + len(taken), 306):
            seqs.append(open_writer.append("reports", make.report(step)))
    assert len(taken) < 300
    assert stored(store) == Counter(("reports", 1, seq) for seq in seqs)
    assert sorted(store.rows("reports")["epoch"].to_pylist()) == [*range(306)]
    return trouble


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MiB of its own."""
    if not IS_ROOT:
        pytest.skip("mounting needs root")
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "crossnets-test", str(place)]
    if subprocess.run(words, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("nothing may be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.usefixtures("quick")
class TestDisk:
    def test_full(self, small_disk, make, spool):
        """A full disk is said with the bytes it has, and caught up with after it."""
        store = Store.open(small_disk / "store", create=True)
        store.create_search(make.header())
        filler = small_disk / "filler"

        def fill():
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 4096)

        trouble = fill_and_free(store, make, fill, filler.unlink)
        assert "No space left on device; " in trouble
        assert trouble.endswith(" bytes are free.")
        assert not spool.exists()

    def test_not_mounted(self, small_disk, make, spool):
        """An empty read-only folder over the store: nothing is lost or misplaced."""
        store = Store.open(small_disk / "store", create=True)
        store.create_search(make.header())
        root = str(store.storage.root)
        words = ["mount", "-t", "tmpfs", "-o", "ro", "crossnets-test", root]

        trouble = fill_and_free(
            store,
            make,
            lambda: subprocess.run(words, check=True),
            lambda: subprocess.run(["umount", root], check=True),
        )
        assert trouble.endswith("the store has gone.")
        assert not spool.exists()

    def test_away(self, store, make, tmp_path, spool):
        """A store that cannot be reached for some seconds (a minute in the long form)."""
        root, away = store.storage.root, tmp_path / "away"

        def back():
            time.sleep(60 if CHAOS else 3)
            assert not root.exists()
            away.rename(root)

        fill_and_free(store, make, lambda: root.rename(away), back)
        assert not spool.exists()

    def test_size_limit(self, store, make):
        """When the journal is full `append` refuses, and then takes rows again."""
        acknowledged, refused = [], []
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        with store.writer("demo") as open_writer:
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
                for step in range(40):
                    try:
                        seq = open_writer.append("reports", make.report(step))
                        acknowledged.append(seq)
                    except StorageError as error:
                        refused.append(str(error))
                assert open_writer.trouble is not None
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            wait_until(lambda: open_writer.trouble is None, 10)
            acknowledged.append(open_writer.append("reports", make.report(99)))
        assert refused
        assert all("File too large" in sentence for sentence in refused)
        assert stored(store) == Counter(("reports", 1, seq) for seq in acknowledged)

    def test_no_permission(self, tmp_path, spool):
        """Folders that may not be written any more: trouble, and catching up."""
        words = [sys.executable, CHILD, "permission", tmp_path / "store"]
        if IS_ROOT:
            if not (setpriv := shutil.which("setpriv")):
                pytest.skip("root needs setpriv to give up its rights")
            less = "-dac_override,-dac_read_search"
            words = [setpriv, f"--inh-caps={less}", f"--bounding-set={less}", *words]
        done = subprocess.run(
            words,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0
        assert "Permission denied" in done.stdout
        found = Store.open(tmp_path / "store").rows("reports")["epoch"].to_pylist()
        assert sorted(found) == [*range(30)]
        assert not spool.exists()
