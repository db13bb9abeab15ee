"""The scripts in `benchmarks/` run at toy size and print figures that add up.

What they measure is not looked at: a time asserted here would fail on a busy machine.
"""

import contextlib
import gzip
import io
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch


SCRIPTS = Path(__file__).parent.parent / "benchmarks"


def printed(name: str, words: str) -> dict:
    """The figures that a script prints, run in this process, which has torch loaded."""
    said, threads = io.StringIO(), torch.get_num_threads()
    try:
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
            patch.setattr(sys, "argv", [name, *words.split(), "--format", "json"])
            patch.syspath_prepend(str(SCRIPTS))
            runpy.run_path(str(SCRIPTS / f"{name}.py"), run_name="__main__")
    finally:
        torch.set_num_threads(threads)
    return json.loads(said.getvalue())


def printed_alone(name: str, words: str) -> dict:
    """The same of a script that changes its process: forks it, or starts a Ray."""
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *words.split()]
    done = subprocess.run(
        [*command, "--format", "json"], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_lanes():
    """Each row has the updates a second of three ways, and two ratios of them."""
    words = "--preset tiny --lanes 1,2 --steps 2 --turns 1 --batch 4"
    found = printed("lanes", words)
    assert [row["lanes"] for row in found["rows"]] == [1, 2]
    for row in found["rows"]:
        bank = row["bank_updates_per_s"]
        for peer in ("solo", "processes"):
            ratio = bank / row[f"{peer}_updates_per_s"]
            assert row[f"times_{peer}"] == pytest.approx(ratio)
        assert row["gpu_utilisation_percent_bank"] is None


def test_steps():
    """The bound is the larger of two, and the update's distance from it follows."""
    found = printed("steps", "--preset tiny --batch 4 --turns 2")
    bound = max(found["arithmetic_s"], found["memory_s"])
    assert found["times_the_bound"] == pytest.approx(found["update_s"] / bound)
    assert found["gflop"] > 0


def test_stages():
    """The count at the paper's schedule is at least four times smaller."""
    found = printed("stages", "--count-only")
    several = [kind for kind in found.values() if isinstance(kind, dict)]
    assert len(several) >= 2
    for figures in several:
        ratio = figures["alone"] / figures["shared"]
        assert figures["ratio"] == pytest.approx(ratio, abs=0.01)
    assert found["paper, whole trials"]["ratio"] >= 4


@pytest.mark.skipif("CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it")
def test_a_search_through_a_bank():
    """Both sides train the same epochs, and the ratio is that of their hours."""
    found = printed_alone("bank_search", "--trials 3 --lanes 2 --frames 40")
    hours = found["one_after_another_device_hours"] / found["bank_device_hours"]
    assert found["ratio"] == pytest.approx(hours)
    assert 1 <= found["mean_lanes_filled"] <= 2


@pytest.mark.skipif("CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it")
def test_overhead():
    """Both sides report, and the parts of our driver add up to the whole of it."""
    found = printed_alone("overhead", "--trials 4 --reports 1 --peer-trials 4")
    assert found["ours"]["trials"] == found["stock Ray Tune"]["trials"] == 4
    for size in ("4 trials", "20 trials"):
        *several, whole = found[size].values()
        assert sum(several) == pytest.approx(whole, abs=0.01)


def test_finals_oracle():
    """Every promise has a share of the simulated finals."""
    found = printed("finals_oracle", "--finals 4 --frames 20")
    assert len(found) == 7
    assert all(0 <= share <= 1 for share in found.values())


def gpu(words: str, folder: Path, *, fails: bool) -> subprocess.CompletedProcess[str]:
    """A run of `gpu.py` over test files that are made for it."""
    (folder / "conftest.py").write_text(
        "import pytest\n"
        "def pytest_addoption(parser): parser.addoption('--device')\n"
        "@pytest.fixture\n"
        "def device(request): return request.config.getoption('--device')\n"
        "@pytest.fixture\n"
        "def place(device): return device\n"
    )
    (folder / "test_a.py").write_text(
        "import pytest\n"
        "def test_device(device): assert device == 'cpu'\n"
        "def test_fixture(place): assert place == 'cpu'\n"
        "@pytest.mark.gpu\n"
        f"def test_mark(): assert not {fails}\n"
        "def test_other(): assert False\n"
    )
    lacks = "import nowhere_to_be_found\ndef test({}): assert False\n"
    (folder / "test_b.py").write_text(lacks.format("device"))
    (folder / "test_c.py").write_text(lacks.format(""))
    command = [sys.executable, str(SCRIPTS / "gpu.py"), *words.split()]
    command += ["--format", "json", "--tests", str(folder)]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=240, env=environment
    )


@pytest.mark.skipif("CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it")
def test_the_table_of_a_gpu(tmp_path):
    """Tests that use the device are run, others not, and each script has figures."""
    done = gpu("--device cpu", tmp_path, fails=False)
    assert done.returncode == 0, done.stderr[-2000:]
    table = json.loads(done.stdout)
    assert {"chip", "torch", "date"} <= table.keys()
    (left_out,) = table["left_out"]
    assert left_out.endswith("test_b.py needs nowhere_to_be_found.")
    values = {name: value for name, value, _ in table["rows"]}
    assert (values["tests passed"], values["tests failed"]) == (3, 0)
    assert values["lanes, 2 lanes: bank_updates_per_s"] > 0
    assert values["steps: update_s"] > 0
    assert values["bank_search, 2 lanes: mean_lanes_filled"] >= 1


def test_a_test_that_fails_on_a_gpu(tmp_path):
    """It stands in the table, and the exit code is 1."""
    done = gpu("--device cpu --scripts steps", tmp_path, fails=True)
    values = {name: value for name, value, _ in json.loads(done.stdout)["rows"]}
    assert (values["tests passed"], values["tests failed"]) == (2, 1)
    assert done.returncode == 1


def test_no_gpu(tmp_path):
    """Without a GPU one sentence says that one is needed; the exit code is 2."""
    done = gpu("", tmp_path, fails=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("A GPU that torch can use is needed")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif("CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it")
def test_rendering():
    """The two renderers agree."""
    assert printed("rendering", "--frames 20")["largest_difference_mm"] < 1e-3


def test_policy(tmp_path):
    """Each policy has a row a task and one over all; ours differs from itself by 0."""
    for number in (1, 2):
        content = [
            {
                "hp": {"a": float(n), "b": float((7 * n) % 30)},
                "valid": {"loss": [abs(n - 10 * number) + 9 / t for t in range(1, 9)]},
            }
            for n in range(30)
        ]
        path = tmp_path / f"{number}.json.gz"
        path.write_bytes(gzip.compress(json.dumps(content).encode()))
    names = "crossnets_random,random_asha_promote"
    found = printed_alone(
        "policy", f"{tmp_path} --policies {names} --budget 3 --seeds 3 --workers 2"
    )
    assert len(found["rows"]) == 2 * 2 * 3
    assert [row["task"] for row in found["table"]] == ["1", "2", "all"] * 2
    for row in found["table"][:3]:
        assert row["worse_than_first_by"] == row["difference_plus_minus"] == 0
    for first, second, whole in (found["table"][:3], found["table"][3:]):
        mean = (first["regret"] + second["regret"]) / 2
        assert whole["regret"] == pytest.approx(mean)


@pytest.mark.skipif("CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it")
def test_label_choice(tmp_path):
    """Chance and coverage have the same number of labels, and their difference adds up."""
    words = "--data synthetic:400 --quick --seeds 2 --ratios 0.1"
    words += f" --out {tmp_path / 'a.jsonl'} --cache {tmp_path}"
    rows = printed("label_choice", words)
    assert [row["choice"] for row in rows] == ["random", "coverage"]
    assert [row["labels"] for row in rows] == [28, 28]
    assert rows[0]["less_random_mm"] is None
    chance, covering = (sum(row["validation_mm"]) / 2 for row in rows)
    apart = rows[1]["less_random_mm"]["mean"]
    assert apart == pytest.approx(covering - chance, abs=0.2)
    assert printed("label_choice", words) == rows
