"""What the processes of `test_faults.py` do: `fault_child.py ACT WORDS...`."""

import importlib
import json
import os
import sys
import time
from pathlib import Path

from results import Header, StorageError, Store
from results.writing import background


REPORT = {"attempt": 0, "trial": "t-00000", "labelled_ratio": 1.0}


def header(name: str) -> Header:
    """The header of a search without parameters."""
    return Header(
        name=name,
        space={"name": "joint_v1"},
        base_config={},
        data="synthetic",
        data_settings={},
        data_fingerprint="f" * 64,
        mean_pose_mm={"1.0": 40.0},
        rules={},
        code_version="0.1.0",
        environment={},
        seed=0,
        ratios=(1.0,),
        parameters={},
        trials=4,
        created_utc="2026-11-22T18:00:00+00:00",
    )


def report(step: int, **given: object) -> tuple[str, dict]:
    """A report of one trial."""
    return "reports", REPORT | {"epoch": step, "objective_mm": float(step)} | given


def group(step: int) -> list[tuple[str, dict]]:
    """A report, its decision, and a final one."""
    decision = REPORT | {
        "epoch": step,
        "rung": 1,
        "value_mm": 1.0,
        "rank": 1,
        "peers": 1,
        "action": "continue",
        "reason": "First at its rung.",
    }
    final = REPORT | {
        "entrant": "t-00000",
        "look": 1,
        "state": "completed",
        "reason": "",
        "final_seed": step,
        "split": "test",
        "frames": 1,
        "mean_joint_error_mm": 1.0,
        "config_json": "{}",
        "code_version": "0.1.0",
    }
    return [report(step), ("decisions", decision), ("finals", final)]


def search(folder: str, groups: int, say: int) -> None:
    """A search of some groups; each that was acknowledged is said at once."""
    store = Store.open(folder, create=True)
    store.create_search(header("demo"))
    with store.writer("demo") as open_writer:
        for step in range(groups):
            rows = group(step)
            seqs = open_writer.append_many(rows)
            keys = [
                [table, open_writer.driver_epoch, seq]
                for (table, _), seq in zip(rows, seqs, strict=True)
            ]
            said = json.dumps(keys).encode() + b"\n"
            os.pwrite(say, said, os.fstat(say).st_size) if say != 1 else os.write(
                say, said
            )
            if step % 3 == 2:
                open_writer.flush()


def die_at(wanted: int, how: str) -> None:
    """Let this process die at the Nth call that changes a disk."""
    calls = 0

    def dying(name: str) -> None:
        call = (lambda _: None) if name == "fsync" else getattr(os, name)

        def count(*args: object) -> object:
            nonlocal calls
            calls += 1
            if calls != wanted:
                return call(*args)
            if how == "half" and name == "write":
                call(args[0], args[1][: len(args[1]) // 2])
            if how == "after":
                call(*args)
            return os.kill(os.getpid(), 9)

        setattr(os, name, count)

    for name in ("write", "fsync", "link", "ftruncate"):
        dying(name)


def kills(folder: str, how: str, groups: str) -> None:
    """The search in a process for each N, until one is not killed; says the runs.

    The processes are forks of this one, which has done nothing yet and has no
    threads, so that they need not load Python and Arrow again, nor pandas, for which
    Arrow looks at its first table.
    """
    importlib.import_module("pandas")
    background.FLUSH_S = 1000.0
    wanted, killed = 0, True
    while killed:
        wanted += 1
        place = Path(folder) / str(wanted)
        said = Path(folder) / f"{wanted}.said"
        handle = os.open(said, os.O_RDWR | os.O_CREAT)
        pid = os.fork()
        if not pid:
            die_at(wanted, how)
            search(str(place), int(groups), handle)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        os.close(handle)
        killed = os.WIFSIGNALED(status)
        if not killed and status:
            raise SystemExit(f"run {wanted} failed")
        lines = said.read_text().splitlines()
        run = {"folder": str(place), "killed": killed, "said": lines}
        print(json.dumps(run), flush=True)  # noqa: T201


def race(folder: str, go: str) -> None:
    """Create a hundred searches at the same moment as others; says those it made."""
    store = Store.open(folder)
    os.write(1, b"ready\n")
    while not Path(go).exists():
        pass
    for number in range(100):
        try:
            store.create_search(header(f"s{number}"))
        except ValueError:
            continue
        os.write(1, f"s{number}\n".encode())


def drive(folder: str, name: str, reports: str) -> None:
    """Drive one search."""
    with Store.open(folder).writer(name) as open_writer:
        for step in range(int(reports)):
            open_writer.append(*report(step))


def rival(folder: str) -> None:
    """Report until another driver takes over; says each row that was acknowledged."""
    open_writer = Store.open(folder).writer("demo")
    try:
        for step in range(1_000_000):
            open_writer.append(*report(step))
            os.write(1, f"{step}\n".encode())
    except ValueError:
        os.write(1, b"refused\n")


def permission(folder: str) -> None:
    """Take the right to write away from all folders of a store, and give it back."""
    background.FLUSH_S = background.AGAIN_S = 0.05
    store = Store.open(folder, create=True)
    store.create_search(header("demo"))
    with store.writer("demo") as open_writer:
        for step in range(10):
            open_writer.append(*report(step))
        open_writer.flush()
        folders = [path for path in Path(folder).rglob("*") if path.is_dir()]
        for place in folders:
            place.chmod(0o500)
        for step in range(10, 20):
            open_writer.append(*report(step))
        try:
            open_writer.flush()
        except StorageError as error:
            os.write(1, f"{error}\n".encode())
        assert open_writer.trouble is not None
        for place in folders:
            place.chmod(0o700)
        for step in range(20, 30):
            open_writer.append(*report(step))
        end = time.monotonic() + 20
        while open_writer.trouble is not None:
            assert time.monotonic() < end
            time.sleep(0.02)


if __name__ == "__main__":
    acts = {act.__name__: act for act in (kills, race, drive, rival, permission)}
    if sys.argv[1] == "one":
        search(sys.argv[2], int(sys.argv[3]), 1)
    else:
        acts[sys.argv[1]](*sys.argv[2:])
