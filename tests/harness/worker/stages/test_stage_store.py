"""Products of pre-trainings on disk: whole, checked, and the first of two."""

from pathlib import Path

import pytest
import torch

from cnets import sealed
from cnets.training import state
from cnets.training.epoch_report import EpochReport
from cnets.training.sharing import stage_keys
from harness.worker import process_bank
from harness.worker.stages.stage_store import RECORD, StageStore
from harness.worker.train_runner import TrainRunner
from results import Store
from results.checking.verify import verify


class TestStore:
    @pytest.fixture
    def made(self, job, reports) -> TrainRunner:
        """A run that has ended."""
        trained = TrainRunner(job)
        reports(trained)
        return trained

    def test_says_who_paid_and_for_what(self, job, made, keys):
        """The record names payer and inputs; the networks are the run's own."""
        store, key = StageStore(Path(job.stages)), keys(made)["vae"]
        product = store.find(key)
        assert product is not None
        assert product.payer == "first/t-00001"
        record = sealed.decode((store.path(key) / RECORD).read_bytes())
        assert record["inputs"] == dict(key.inputs)
        assert record["seconds"] > 0
        assert torch.equal(product.lane.flat["decoder"], made.lane.flat["decoder"])
        assert set(product.lane.flat) == {"encoder", "decoder"}
        assert product.lane.moments == {}

    def test_the_first_of_two_stays(self, job, made, keys):
        """A second product of one key is dropped, and leaves nothing behind."""
        store, key = StageStore(Path(job.stages)), keys(made)["vae"]
        product = store.find(key)
        assert product is not None
        before = sorted(path.name for path in store.folder.iterdir())
        assert store.put(key, product.lane, "second/t-00009") is False
        again = store.find(key)
        assert again is not None
        assert again.payer == "first/t-00001"
        assert sorted(path.name for path in store.folder.iterdir()) == before

    def test_what_is_not_finite_is_not_stored(self, job, made, tmp_path, keys):
        """One NaN in a network keeps the product out."""
        key = keys(made)["gan"]
        product = StageStore(Path(job.stages)).find(key)
        assert product is not None
        product.lane.flat["trunk"][3] = torch.nan
        fresh = StageStore(tmp_path / "fresh")
        assert fresh.put(key, product.lane, "a/b") is False
        assert fresh.find(key) is None

    @pytest.mark.parametrize(
        ("changes", "rule"),
        [
            ({"key": "0" * 64}, "is that of another product"),
            ({"payer": "../../etc passwd"}, "is that of another product"),
            ({"payer": None}, "is that of another product"),
        ],
    )
    def test_a_record_that_does_not_belong_is_refused(
        self, job, made, changes, rule, keys
    ):
        """Sealed or not: the key and the payer have to make sense."""
        store, key = StageStore(Path(job.stages)), keys(made)["vae"]
        path = store.path(key) / RECORD
        record = sealed.decode(path.read_bytes())
        path.write_bytes(sealed.encode({**record, **changes}))
        with pytest.raises(state.Damaged, match=rule):
            store.find(key)

    @pytest.mark.parametrize("name", [RECORD, state.HEADER, state.TENSORS])
    @pytest.mark.parametrize("gone", [True, False])
    def test_damage_is_found_by_the_store_and_by_verify(
        self, job, made, tmp_path, name, gone, keys
    ):
        """A missing file and a changed byte, in each file of a product."""
        results = Store.open(tmp_path, create=True)
        assert list(verify(results.storage, again_s=0.0)) == []
        store, key = StageStore(Path(job.stages)), keys(made)["gan"]
        path = store.path(key) / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink() if gone else path.write_bytes(content)
        with pytest.raises(state.Damaged):
            store.find(key)
        (problem,) = verify(results.storage, again_s=0.0)
        assert problem.path == f"stages/{key.digest}/{name}"
        assert "trains it again" in problem.remedy

    def test_verify_counts_the_files_of_products(self, made, tmp_path):
        """Three files a product, two products; claims and folders aside are none."""
        assert made.lane.finished
        (tmp_path / "stages" / ".making-1").mkdir()
        (tmp_path / "stages" / ".making-1" / "lane.json").write_text("x")
        seen = []
        results = Store.open(tmp_path, create=True)
        assert not list(verify(results.storage, seen=lambda *file: seen.append(file)))
        names = {path for kind, path, _ in seen if kind == "pre-trainings"}
        assert len(names) == 6


def test_a_product_is_that_of_the_report(job):
    """Terms and health figures of the last epoch are in it."""
    bank = process_bank.bank(job.data, "cpu")
    lane = bank.lane(job.config)
    report = EpochReport(
        stage="vae",
        epoch=2,
        epochs=2,
        terms={"kl": 1.0},
        health={"active_units": 3.0},
        seconds=0.0,
    )
    product = stage_keys.product(lane, report)
    assert product.recent == ({"kl": 1.0, "active_units": 3.0},)
    assert (product.stage, product.epoch, product.terms) == ("vae", 2, {"kl": 1.0})
