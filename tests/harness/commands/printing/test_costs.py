import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from crossnets import SearchOptions
from harness.commands.printing import costs
from harness.plan import Estimate, estimate
from harness.prepare import prepare
from harness.probe import Speed


STORE = Path("/")
SPACE = Path(__file__).parents[2] / "late_weights.toml"


@pytest.fixture
def cost(tmp_path) -> Estimate:
    """Twelve trials of half a second an update, on two cores."""
    options = SearchOptions(
        data="synthetic:40", space=str(SPACE), preset="tiny", trials=12
    )
    prepared = prepare("s", options, tmp_path / "cache")
    stages = ("vae", "gan", "warm_up", "joint")
    speed = Speed(update_s=dict.fromkeys(stages, 0.5), frame_s=0.0)
    return estimate(prepared, speed, "cpu", 2)


def test_hours_are_updates_times_seconds(cost):
    """In JSON as a number, in the table as h:mm:ss of a core."""
    facts = json.loads(costs.shown(cost, STORE, "json"))
    seconds = 0.5 * facts["without_tree"]["iterations"]
    assert facts["without_tree"]["hours"] == pytest.approx(seconds / 3600)
    minutes, rest = divmod(round(seconds), 60)
    clock = f"{minutes // 60:,}:{minutes % 60:02d}:{rest:02d}"
    (line,) = [
        line
        for line in costs.shown(cost, STORE, "table").splitlines()
        if "time of one core" in line
    ]
    assert line.split("│")[2].strip() == clock


def test_the_free_space_is_that_of_the_store(cost, monkeypatch):
    """Not that of the folder where the command is typed, which may be a small disk."""
    free = {str(STORE): 2**31}

    def disk_usage(folder: Path) -> SimpleNamespace:
        return SimpleNamespace(free=free.get(str(folder), 1))

    monkeypatch.setattr("shutil.disk_usage", disk_usage)
    *_, last = costs.shown(cost, STORE, "table").splitlines()
    need = cost.disk.sentence(STORE).split(",")[0]
    assert last == f"Disk: {need}, 2.0 GiB are free."
    facts = json.loads(costs.shown(cost, STORE, "json"))
    assert facts["disk_free_bytes"] == 2**31
