import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from crossnets import SearchOptions
from harness.commands.printing import costs
from harness.driver.display.screen import clock
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
    time = f"{minutes // 60:,}:{minutes % 60:02d}:{rest:02d}"
    (line,) = [
        line
        for line in costs.shown(cost, STORE, "table").splitlines()
        if "time of one core" in line
    ]
    assert line.split("│")[2].strip() == time


def test_the_answer_is_the_first_line(cost):
    """How long on how many, and how much disk; where stages are shared, no more."""
    first, *more = costs.answer(cost)
    found = re.fullmatch(
        r"about 12 trials, (?:(\d+):)?(\d+):(\d\d) on 2 cores, (.*)", first
    )
    assert found is not None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[:3])
    wall_s = 3600 * cost.shared.wall_hours
    assert abs(3600 * hours + 60 * minutes + seconds - wall_s) <= 0.5
    assert cost.disk.sentence(STORE).startswith(f"at most {found[4]} of disk")
    assert more == []
    assert costs.shown(cost, STORE, "table").startswith(f"{first}\n")


def test_without_sharing_it_is_the_cost_of_each_for_itself(cost):
    """As with `--no-share-stages`, on one GPU."""
    alone = replace(cost, is_shared=False, slots=1, device="cuda")
    assert (
        f"about 12 trials, {clock(3600 * cost.alone.wall_hours)} on 1 GPU, "
        in (costs.answer(alone)[0])
    )


def test_what_cannot_be_shared_is_said_with_the_reason(cost):
    """Of every pre-training, or of one; and in JSON."""
    vae = replace(cost, unshared={"vae": ("losses.kl", "latent_size")})
    assert costs.answer(vae)[1] == (
        "No pre-training of the VAE can be shared in this space, where trials differ "
        "in losses.kl, latent_size (VAE)."
    )
    both = replace(vae, unshared={**vae.unshared, "gan": ("latent_size",)})
    assert costs.answer(both)[1] == (
        "No pre-training can be shared in this space, where trials differ in "
        "losses.kl, latent_size (VAE); latent_size (GAN)."
    )
    facts = json.loads(costs.shown(both, STORE, "json"))
    assert facts["not_shared"]["gan"] == ["latent_size"]
    assert len(costs.answer(replace(both, is_shared=False))) == 1


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
