"""A search on a cluster that is there, as deploy/README.md says, and its files."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cluster import connection
from harness.commands.table import COMMANDS


DEPLOY = Path(__file__).parents[1] / "deploy"
FILES = ("README.md", "rayjob.yaml", "slurm.sh")
SEARCH = (
    "search s --data synthetic:200 --preset tiny --ratios 1.0 --trials 2 "
    "--set joint.epochs=3 vae.epochs=2"
)
READ = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("ray", "torch", "optuna"):
            raise ImportError(name + " is not there")
sys.meta_path.insert(0, Refused())
from harness.commands.cli import main
main(sys.argv[1:])
"""
CORES = """
import sys
import ray
from harness.cluster import connection
for address in (None, sys.argv[1]):
    with connection.cluster(address, cpus=1):
        print(ray.cluster_resources()["CPU"])
"""


def free_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def python(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter, of this environment, away from the project's folder."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=env, cwd=env["RAY_TMPDIR"], capture_output=True, text=True
    )


@contextmanager
def head(port: int, env: dict[str, str]) -> Iterator[None]:
    """`ray start --head`, ended after with every process it started."""
    command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block"]
    command += [f"--port={port}", "--num-cpus=2", "--include-dashboard=false"]
    command += ["--object-store-memory=100000000", "--disable-usage-stats"]
    folder = Path(env["RAY_TMPDIR"])
    with (folder / "head.log").open("w") as log:
        process = subprocess.Popen(
            command, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        until = time.monotonic() + 60
        while not (folder / "ray" / "ray_current_cluster").exists():
            assert process.poll() is None, (folder / "head.log").read_text()
            assert time.monotonic() < until, "The head did not start."
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def done() -> Iterator[dict[str, Any]]:
    """What was said by a search on a cluster, and by readers after its end."""
    with tempfile.TemporaryDirectory(prefix="cn-") as short:  # sockets need it short
        folder, port = Path(short), free_port()
        (folder / "token").write_text("a" * 64)
        (folder / "other").write_text("b" * 64)
        plain = {n: v for n, v in os.environ.items() if not n.startswith("RAY_")}
        env = plain | {
            "RAY_TMPDIR": short,  # where `auto` looks
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
        }
        stranger = env | {
            "RAY_AUTH_TOKEN_PATH": str(folder / "other"),
            "RAY_gcs_server_port_wait_time_s": "1",  # 25 s otherwise
        }
        store = ("--store", str(folder / "store"))
        crossnets = ("-m", "harness.commands.cli")
        here = ("--address", f"127.0.0.1:{port}")
        words = shlex.split(SEARCH)
        found: dict[str, Any] = {}
        with head(port, env):
            found["search"] = python(
                *crossnets, *words, *store, "--address", "auto", env=env
            )
            found["sessions"] = len(list(folder.glob("ray/session_2*")))
            found["cores"] = python("-c", CORES, here[1], env=env)
            found["stranger"] = python(
                *crossnets, *words, "--store", short + "/none", *here, env=stranger
            )
        sql = "SELECT trial, state, objective_mm FROM trials ORDER BY trial"
        for verb, asked in (("query", sql), ("best", "s")):
            read = ("-c", READ, verb, asked, *store, "--format", "json")
            found[verb] = python(*read, env=env)
        yield found


@pytest.mark.ray
@pytest.mark.slow
class TestClusterThatIsThere:
    def test_search_runs_on_it(self, done):
        """`--address auto` finishes on the cluster, and starts no other."""
        assert done["search"].returncode == 0, done["search"].stderr
        assert " trainings, " in done["search"].stderr
        assert done["sessions"] == 1

    def test_store_is_read_after_it_without_ray(self, done):
        """`query` and `best` answer where neither Ray nor torch can be imported."""
        assert done["query"].returncode == 0, done["query"].stderr
        rows = json.loads(done["query"].stdout)
        assert [row["trial"] for row in rows] == ["t-00001", "t-00002"]
        assert {row["state"] for row in rows} <= {"completed", "stopped"}
        (best,) = json.loads(done["best"].stdout)
        assert best["objective_mm"] == min(row["objective_mm"] for row in rows)

    def test_address_decides_where(self, done):
        """None starts a Ray of one core though one is there; HOST:PORT joins that."""
        assert done["cores"].stdout == "1.0\n2.0\n", done["cores"].stderr

    def test_another_token_is_refused(self, done):
        """One sentence that names the address and both settings, and code 2."""
        assert done["stranger"].returncode == 2
        *_, said = done["stranger"].stderr.splitlines()
        assert said.startswith("crossnets: `address` must be")
        assert "RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH" in said
        assert "Traceback" not in done["stranger"].stderr


class TestAddress:
    def test_where_nothing_listens(self):
        """Refused at once, where Ray alone tries for a quarter of an hour."""
        started = time.monotonic()
        with (
            pytest.raises(ValueError, match=r"`address` must be auto .* none answers"),
            connection.cluster(f"127.0.0.1:{free_port()}"),
        ):
            pass
        assert time.monotonic() - started < connection.REACH_S + 5

    def test_auto_where_the_named_cluster_is_gone(self, monkeypatch):
        """`auto` that leads to a dead port is refused as quickly."""
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{free_port()}")
        with (
            pytest.raises(ValueError, match="none answers at 'auto'"),
            connection.cluster("auto"),
        ):
            pass

    @pytest.mark.parametrize("address", ["here", "http://127.0.0.1:8265", "h:port"])
    def test_no_address(self, address):
        """What is no HOST:PORT, such as the dashboard's address, is refused."""
        with (
            pytest.raises(ValueError, match="`address` must be auto or the HOST:PORT"),
            connection.cluster(address),
        ):
            pass


def commands(name: str) -> list[list[str]]:
    """The words of every `crossnets` command in a file of deploy/."""
    text = (DEPLOY / name).read_text()
    text = text.replace("\\\n", " ")
    if name.endswith(".md"):
        text = "\n".join(re.findall(r"```\n(.*?)```", text, re.DOTALL))
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = [re.search(r"(?<![\w/$=-])crossnets (.*)", line) for line in lines]
    return [shlex.split(hit[1], comments=True) for hit in found if hit]


class TestFiles:
    @pytest.mark.parametrize("name", FILES)
    def test_commands_name_verbs_and_options_there_are(self, name):
        """Every `crossnets VERB --option` can be typed."""
        assert "search" in [words[0] for words in commands(name)]
        for verb, *rest in commands(name):
            known = {
                f.replace("_", "-") for f in COMMANDS[verb].options.__dataclass_fields__
            }
            used = {word[2:] for word in rest if word.startswith("--")}
            assert used <= known, (verb, used - known)

    @pytest.mark.parametrize("name", FILES)
    def test_token_is_asked_for_and_not_written(self, name):
        """Each turns the token mode on; none holds a token or opens a dashboard."""
        text = (DEPLOY / name).read_text()
        assert re.search(r"RAY_AUTH_MODE=token|authOptions:\s+mode: token", text)
        assert not re.search(r"RAY_AUTH_TOKEN\b|[0-9a-f]{32}", text)
        assert "0.0.0.0" not in text

    @pytest.mark.parametrize("name", FILES)
    def test_says_what_was_not_tried(self, name):
        """A reader sees which of it never ran."""
        assert "not tried" in (DEPLOY / name).read_text().lower()

    def test_shell_parses(self):
        """`bash -n` reads the script for Slurm."""
        subprocess.run(["bash", "-n", DEPLOY / "slurm.sh"], check=True)

    def test_rayjob_is_one_with_a_shared_volume(self):
        """Head and workers mount the volume that holds the store."""
        job = yaml.safe_load((DEPLOY / "rayjob.yaml").read_text())
        assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
        spec = job["spec"]["rayClusterSpec"]
        assert spec["authOptions"] == {"mode": "token"}
        for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
            pod = group["template"]["spec"]
            (mount,) = pod["containers"][0]["volumeMounts"]
            assert mount["name"] in [volume["name"] for volume in pod["volumes"]]
            words = shlex.split(job["spec"]["entrypoint"])
            store = words[words.index("--store") + 1]
            assert store.startswith(mount["mountPath"] + "/")

    def test_ray_options_there_are(self):
        """Options of `ray start` in the README and the script are Ray's."""
        from ray.scripts import scripts

        known = {name for p in scripts.start.params for name in p.opts}
        readme = (DEPLOY / "README.md").read_text()
        for line in re.findall(r"^ray start (.*?)(?:  +#.*)?$", readme, re.MULTILINE):
            assert set(re.findall(r"--[a-z-]+", line)) <= known
        script = (DEPLOY / "slurm.sh").read_text()
        (line,) = re.findall(r"symmetric-run (.*?) -- ", script, re.DOTALL)
        own = {"--address", "--min-nodes"}
        assert set(re.findall(r"--[a-z-]+", line)) - own <= known
