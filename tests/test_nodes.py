"""A search on nodes with addresses of their own, some of which do not fit.

The nodes are network namespaces of this machine; what lies elsewhere on one is
mounted there for it alone. Needs root.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import cnets
from results import Store


pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(
        "CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it"
    ),
]


ROOT = Path(cnets.__file__).parents[1]
PORT = 6399
SEARCH = """
import os, sys
from crossnets import SearchOptions, search
from harness.worker.train_runner import TrainRunner


class Flawed(TrainRunner):
    def __init__(self, job):
        if os.environ.get("FLAWED"):
            raise RuntimeError(f"No driver for device {os.getpid()}.")
        super().__init__(job)


options = SearchOptions(
    data=sys.argv[3],
    preset="tiny",
    ratios="1.0",
    trials=6,
    retries=2,
    set={"vae.epochs": 1, "vae.steps": 2, "gan.epochs": 1, "gan.steps": 2,
         "joint.epochs": 3, "joint.steps": 2, "joint.warm_up_epochs": 1,
         "health.patience_epochs": 9, "health.active_units": 0},
)
try:
    done = search("s", options, store=sys.argv[2], address=sys.argv[1], runner=Flawed)
except ValueError as error:
    sys.exit(f"refused: {error}")
assert done.finished, done.states
"""
ADDRESS = f"10.77.77.1:{PORT}"
WELL = {"completed", "stopped"}
COUNT = """
import ray, sys
ray.init(sys.argv[1], log_to_driver=False, logging_level=50)
sys.exit(sum(node["Alive"] for node in ray.nodes()) < int(sys.argv[2]))
"""
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}
"""Without one a cluster takes or refuses what lies in a folder of this user."""


def run(*words: object) -> None:
    """Run a command to its end."""
    done = subprocess.run(
        [*map(str, words)], capture_output=True, text=True, env=os.environ | TOKEN
    )
    if done.returncode:
        raise OSError(f"{words[:4]}: {done.stderr[-2000:]}")


@pytest.fixture(scope="module")
def network() -> Iterator[list[str]]:
    """Six namespaces on one bridge; gives their names."""
    mark = f"cn{os.getpid() % 10_000}"
    names = [f"{mark}n{number}" for number in range(1, 7)]
    try:
        run("ip", "link", "add", mark, "type", "bridge")
    except OSError:
        pytest.skip("network namespaces need root and iproute2")
    try:
        run("ip", "link", "set", mark, "up")
        for number, name in enumerate(names, 1):
            run("ip", "netns", "add", name)
            run("ip", "link", "add", f"{name}a", "type", "veth", "peer", f"{name}b")
            run("ip", "link", "set", f"{name}a", "master", mark, "up")
            run("ip", "link", "set", f"{name}b", "netns", name)
            inside = ("ip", "-n", name)
            run(*inside, "addr", "add", f"10.77.77.{number}/24", "dev", f"{name}b")
            run(*inside, "link", "set", f"{name}b", "up")
            run(*inside, "link", "set", "lo", "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        subprocess.run(["ip", "link", "del", mark], capture_output=True)


@pytest.fixture
def started(network, tmp_path) -> Iterator[Callable[..., None]]:
    """Starts nodes 1, 2, ...; of each a shell line is run before it starts."""
    nodes: list[subprocess.Popen] = []
    scratch = Path(tempfile.mkdtemp(prefix="cn"))  # short: Ray puts sockets there

    def start(befores: Sequence[str]) -> None:
        for number, before in enumerate(befores, 1):
            nodes.append(_node(network[number - 1], number, before, scratch, tmp_path))
            if number == 1:
                _wait_for(network[0], 1)
        _wait_for(network[0], len(befores))

    yield start
    for node in reversed(nodes):
        node.terminate()
    for node in nodes:
        with suppress(subprocess.TimeoutExpired):
            node.wait(timeout=20)
        with suppress(ProcessLookupError):
            os.killpg(node.pid, signal.SIGKILL)
        node.wait()
    shutil.rmtree(scratch, ignore_errors=True)


def _node(
    name: str, number: int, before: str, scratch: Path, folder: Path
) -> subprocess.Popen:
    """A node in its namespace, with a host's name and a folder of Ray of its own."""
    own = scratch / str(number)
    own.mkdir()
    where = (
        f"--head --port={PORT} --include-dashboard=false --temp-dir={scratch}/1"
        if number == 1
        else f"--address={ADDRESS}"
    )
    lines = (
        f"mount --bind {own} {scratch}/1",
        before,
        f"hostname node{number}",
        f"exec {Path(sys.executable).with_name('ray')} start --block --num-cpus=1 "
        f"{where} --node-ip-address=10.77.77.{number} --disable-usage-stats",
    )
    words = ("ip", "netns", "exec", name, "unshare", "--mount", "--uts", "sh", "-c")
    with (folder / f"node{number}.log").open("w") as log:
        return subprocess.Popen(
            [*words, " && ".join(lines)],
            stdout=log,
            stderr=log,
            env=os.environ | TOKEN,
            cwd=folder,
            start_new_session=True,
        )


def _wait_for(name: str, count: int) -> None:
    """Return when the cluster has so many nodes."""
    until_s = time.monotonic() + 240
    while True:
        try:
            run(
                "ip", "netns", "exec", name, sys.executable, "-c", COUNT, ADDRESS, count
            )
        except OSError:
            assert time.monotonic() < until_s
        else:
            return


def search(name: str, store: Path, data: str) -> str:
    """Run the search from a namespace; what it has said."""
    done = subprocess.run(
        [
            *("ip", "netns", "exec", name, sys.executable, "-c", SEARCH),
            *(ADDRESS, str(store), data),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | TOKEN,
        cwd=store.parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def poses(folder: Path, scale: float) -> Path:
    """Made-up poses of 36 joints as tables."""
    folder.mkdir()
    draw = np.random.default_rng(1)
    spots = draw.uniform(-40, 40, (420, 36, 3))
    spots += np.array([320, 240, 700 * scale])
    for place, letter in enumerate("uvd"):
        table = folder / f"joint_1_{letter}.csv"
        np.savetxt(table, spots[..., place], delimiter=",", fmt="%.6f")
    return folder


def rows(store: Path) -> list[dict]:
    """Every event of every trial, in order."""
    return Store.open(store).rows("trials", "s").sort_by("seq").to_pylist()


def test_nodes_that_do_not_fit_are_left_out(network, started, tmp_path):
    """Four are named before any trial, each with what is amiss; two do the work."""
    here, far = poses(tmp_path / "poses", 1.0), poses(tmp_path / "far", 1.03)
    code = shutil.copytree(ROOT / "cnets", tmp_path / "code")
    with (code / "metrics.py").open("a") as module:
        module.write("\nEXTRA = 1\n")
    store = tmp_path / "runs"
    store.mkdir()
    started(
        [
            "true",
            "true",
            f"mount --bind {code} {ROOT / 'cnets'}",
            f"mount --bind {far} {here}",
            f"mount -t tmpfs tmpfs {here}",
            f"mount -t tmpfs tmpfs {store}",
        ]
    )
    said = search(network[0], store, f"poses:{here}")
    for number, why in {
        3: "is not the driver's",
        4: "are not those of the search",
        5: "and holds neither",
        6: "the store is another",
    }.items():
        (line,) = [text for text in said.splitlines() if f"(node{number}) gets" in text]
        assert line.startswith(f"Node 10.77.77.{number} ")
        assert "gets no more trials" in line
        assert why in line
    found = rows(store)
    assert {row["state"] for row in found if row["event"] == "ended"} <= WELL
    assert {row["attempt"] for row in found} == {1}
    assert {row["node"] for row in found} - {None} == {"node1", "node2"}
    trained = {row["trial"] for row in found if row["event"] == "ended"}
    checkpoints = {path.name for path in (store / "checkpoints/s").glob("t-*")}
    assert checkpoints <= trained  # of those that ended the best are kept


def test_a_node_on_which_every_trial_fails(network, started, tmp_path):
    """A trial that fails there is tried elsewhere; after two of them it gets none."""
    (tmp_path / "runs").mkdir()
    started(["true", "true", "export FLAWED=1"])
    said = search(network[0], tmp_path / "runs", "synthetic:60")
    found = rows(tmp_path / "runs")
    retried = [row["reason"] for row in found if row["event"] == "retried"]
    assert 1 <= len(retried) <= 2
    assert all("(on 10.77.77.3 (node3))." in reason for reason in retried)
    left_out = said.count("Node 10.77.77.3 (node3) gets no more trials: two trials")
    assert left_out == (len(retried) == 2)
    assert {row["state"] for row in found if row["event"] == "ended"} <= WELL
