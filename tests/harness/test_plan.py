"""The cost of a search as it is forecast, and as a real search then pays it."""

import json
import math
import os
from pathlib import Path

import pytest

from crossnets import SearchOptions, rerun, search
from harness.commands import cli, parsing
from harness.definition import stage_notes
from harness.plan import estimate, plan
from harness.prepare import Prepared, prepare
from harness.probe import Speed
from results import Store, queries
from results.checking.verify import verify


SPACE = Path(__file__).parent / "late_weights.toml"
SHORT = (
    "networks.channels=2",
    "vae.epochs=2",
    "vae.steps=3",
    "gan.epochs=2",
    "gan.steps=2",
    "gan.batch_size=8",
    "joint.epochs=3",
    "joint.steps=2",
    "joint.batch_size=8",
    "health.active_units=0",  # so few updates train nothing that could be judged
    "health.code_spread_ratio=0",
    "health.image_spread_ratio=0",
    "health.adversarial_nats=0",
)
SPEED = Speed(
    update_s={"vae": 1.0, "gan": 10.0, "warm_up": 100.0, "joint": 1000.0}, frame_s=0.5
)


def options(**changes) -> SearchOptions:
    """A search of twelve short trials over weights of the joint stage."""
    values = {
        "data": "synthetic:40",
        "space": str(SPACE),
        "preset": "tiny",
        "set": SHORT,
        "trials": 12,
        "scheduler": "stop",
        "concurrency": 2,
        "seed": 3,
    }
    return SearchOptions(**(values | changes))


@pytest.fixture
def prepared(tmp_path) -> Prepared:
    """That search, checked."""
    return prepare("s", options(), tmp_path / "cache")


class TestEstimate:
    def test_updates_and_hours_by_hand(self, prepared):
        """Six trials a ratio: 6 to epoch 1, 2 to epoch 3; 6 validation frames."""
        found = estimate(prepared, SPEED, "cpu", 2)
        joint = 2 * (6 * 1 + 2 * 2) * 2
        assert found.alone.updates == {
            "vae": 12 * 2 * 3,
            "gan": 12 * 2 * 2,
            "warm_up": 12 * 1 * 2,
            "joint": joint,
        }
        assert found.shared.updates == {
            "vae": 4 * 2 * 3,
            "gan": 2 * 2 * 2,
            "warm_up": 12 * 1 * 2,
            "joint": joint,
        }
        assert found.shared.iterations == 24 + 8 + 24 + joint
        frames = len(prepared.data.rows("validation"))
        judged_s = (12 + joint / 2) * frames * 0.5
        seconds = 24 * 1 + 8 * 10 + 24 * 100 + joint * 1000 + judged_s
        assert found.shared.hours == pytest.approx(seconds / 3600)
        assert found.shared.wall_hours == pytest.approx(seconds / 3600 / 2)

    def test_no_search_is_over_before_its_longest_trial(self, prepared):
        """On a hundred slots one whole trial takes its time."""
        found = estimate(prepared, SPEED, "cpu", 100)
        frames = len(prepared.data.rows("validation"))
        seconds = 6 * 1 + 4 * 10 + 2 * 100 + 6 * 1000 + 4 * frames * 0.5
        assert found.alone.wall_hours == pytest.approx(seconds / 3600)
        assert found.shared.wall_hours == found.alone.wall_hours

    def test_products_need_disk(self, tmp_path, prepared):
        """Without the tree the forecast is smaller by its products."""
        bare = prepare("s", options(share_stages=False), tmp_path / "cache")
        bytes_with = estimate(prepared, SPEED, "cpu", 2).disk.total
        bytes_without = estimate(bare, SPEED, "cpu", 2).disk.total
        assert bytes_with > bytes_without

    def test_slots_are_checked(self, prepared):
        """No slot is no search."""
        with pytest.raises(ValueError, match="`slots` must be 1 or more, got 0"):
            estimate(prepared, SPEED, "cpu", 0)


def test_a_plan_is_the_estimate_of_its_own_probe(tmp_path, prepared):
    """It counts as `estimate` does, on as many slots as are asked for."""
    cost = plan("s", options(), cache=tmp_path / "cache", device="cpu")
    counted = estimate(prepared, cost.speed, "cpu", 2)
    assert cost.shared == counted.shared
    assert cost.ladders == counted.ladders
    assert (cost.device, cost.slots) == ("cpu", 2)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """The twelve trials, trained for real on two slots, and their finals."""
    folder = tmp_path_factory.mktemp("search")
    store = folder / "runs"
    done = search("s", options(), store=store)
    assert done.finished
    before = products(store)
    finals = rerun("s", top=2, seeds=1, store=store, concurrency=2)
    return store, before, finals


@pytest.mark.ray
@pytest.mark.skipif("CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it")
class TestASearch:
    def test_runs_exactly_the_pre_trainings_that_it_must(self, ended):
        """One VAE a latent size and ratio that occurs, one GAN a latent size."""
        store, before, _ = ended
        rows = queries.wide(Store.open(store), "s").to_pylist()
        assert len(rows) == 12
        assert {row["state"] for row in rows} <= {"completed", "stopped"}
        vaes = {(row["latent_size"], row["labelled_ratio"]) for row in rows}
        gans = {row["latent_size"] for row in rows}
        assert (len(vaes), len(gans)) == (4, 2)  # or another seed is wanted
        notes = told(store)
        trained = [(n.stage, n.short) for _, n in notes if n.payer is None]
        assert len(trained) == len(set(trained)) == 6
        assert sorted(stage for stage, _ in trained) == ["gan"] * 2 + ["vae"] * 4
        assert len(notes) == 24
        assert len(before) == 6

    def test_says_who_paid(self, ended):
        """Each reused stage names the trial that says it trained that very one."""
        notes = told(ended[0])
        payers = {(n.stage, n.short): trial for trial, n in notes if n.payer is None}
        for _, note in notes:
            if note.payer is not None:
                assert payers[note.stage, note.short] == note.payer

    def test_status_counts_them(self, ended, capsys):
        """Six were run, eighteen reused."""
        assert cli.run(["status", "s", "--wide", "--store", str(ended[0])]) == cli.DONE
        assert "6 run, 18 reused" in capsys.readouterr().out

    def test_a_trial_that_reused_its_stages_repeats_to_the_last_bit(self, ended):
        """`train --from` trains everything itself and gives the stored number."""
        store = ended[0]
        reused = [trial for trial, note in told(store) if note.payer is not None]
        both = next(trial for trial in reused if reused.count(trial) == 2)
        words = ["train", "--from", f"s/{both}", "--store", str(store)]
        assert cli.run(words) == cli.DONE

    def test_finals_share_too(self, ended):
        """Of one fresh seed each latent size has one GAN, with its ratio one VAE."""
        store, before, finals = ended
        assert finals.finished
        rows = queries.read(Store.open(store), "finals", "s").to_pylist()
        ended = [row for row in rows if row["look"] == 0]
        settings = [json.loads(row["config_json"]) for row in ended]
        vaes = {(c["latent_size"], c["labelled_ratio"]) for c in settings}
        gans = {c["latent_size"] for c in settings if c["gan.epochs"]}
        assert len(products(store) - before) == len(vaes) + len(gans) < len(ended)
        tested = [row for row in rows if row["look"] == 1]
        assert len(tested) == len(ended) >= 6
        assert all(math.isfinite(row["mean_joint_error_mm"]) for row in tested)

    def test_the_store_is_sound(self, ended):
        """No claim and no half-made folder is left, and every file is whole."""
        store = ended[0]
        assert list(verify(Store.open(store).storage, again_s=0.0)) == []
        left = {path.name for path in (store / "stages").iterdir()} - products(store)
        assert left <= {".claims"}
        assert list((store / "stages" / ".claims").iterdir()) == []

    def test_without_the_tree_nothing_is_shared(self, tmp_path):
        """`--no-share-stages` leaves no folder, and every trial trains its own."""
        alone = options(share_stages=False, trials=2)
        assert search("s", alone, store=tmp_path / "runs").finished
        assert not (tmp_path / "runs" / "stages").exists()
        assert told(tmp_path / "runs") == []
        assert (
            parsing.parse(["search", "s", "--no-share-stages"])[1].share_stages is False
        )


def products(store: Path) -> set[str]:
    """Names of the products in a store."""
    return {path.name for path in (store / "stages").iterdir() if path.name[0] != "."}


def told(store: Path) -> list[tuple[str, stage_notes.StageNote]]:
    """Trial and note of every event that says who paid."""
    events = Store.open(store).rows("trials", "s").to_pylist()
    found = [(row["trial"], stage_notes.read(row["reason"])) for row in events]
    return [(trial, note) for trial, note in found if note is not None]
