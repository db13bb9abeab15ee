import hashlib
import json

import pytest

from results.checking import verify_runs


class TestCheckpoints:
    def test_an_older_checkpoint(self, full, findings, put_checkpoint, put):
        """Of version 1, whose header had no digest, the tensors are checked."""
        folder = "checkpoints/demo/t-00000/at-3-000001"
        put_checkpoint(full, folder)
        said = {"version": 1, "sha256": hashlib.sha256(b"tensors" * 9).hexdigest()}
        put(full, f"{folder}/lane.json", json.dumps(said).encode())
        assert findings(full) == {}
        put(full, f"{folder}/lane.safetensors", b"other")
        assert set(findings(full)) == {f"{folder}/lane.safetensors"}

    def test_cannot_be_read(self, full, findings, put_checkpoint):
        """A checkpoint that is a folder where a file should be is named."""
        put_checkpoint(full, "checkpoints/demo/t-0/at-3")
        path = full.storage.root / "checkpoints/demo/t-0/at-3/lane.safetensors"
        path.unlink()
        path.mkdir()
        assert len(findings(full)) == 1


class TestProducts:
    FOLDER = "stages/abc"

    def plant(self, store, put, put_checkpoint, sealed, **changes):
        """A product of pre-training, and what is wrong with it."""
        put_checkpoint(store, self.FOLDER)
        record = {"version": 1, "key": "abc"} | changes
        put(store, f"{self.FOLDER}/product.json", sealed(record))
        return verify_runs.product_problem(store.storage, self.FOLDER)

    def test_sound(self, store, put, put_checkpoint, sealed):
        """A record of its own key beside a sound checkpoint is no damage."""
        assert self.plant(store, put, put_checkpoint, sealed) is None

    def test_of_another_key(self, store, put, put_checkpoint, sealed):
        """A record of another key is named."""
        problem = self.plant(store, put, put_checkpoint, sealed, key="abd")
        record = f"{self.FOLDER}/product.json"
        assert problem == (record, "It is the record of another product.")

    @pytest.mark.parametrize("file", ["product.json", "lane.json", "lane.safetensors"])
    def test_missing(self, store, put, put_checkpoint, sealed, file):
        """Whichever of the three files is missing is named; without any it is gone."""
        self.plant(store, put, put_checkpoint, sealed)
        folder = store.storage.root / self.FOLDER
        (folder / file).unlink()
        problem = verify_runs.product_problem(store.storage, self.FOLDER)
        assert problem == (f"{self.FOLDER}/{file}", "It is missing.")
        for path in folder.iterdir():
            path.unlink()
        assert verify_runs.product_problem(store.storage, self.FOLDER) is None


def test_pieces_of_a_set(store, put_set, put):
    """A changed array of a prepared set is named, and a sound set is no damage."""
    put_set(store, "cache/abc-3")
    assert verify_runs.cache_problem(store.storage, "cache/abc-3") is None
    put(store, "cache/abc-3/crops.npy", b"cropt")
    problem = verify_runs.cache_problem(store.storage, "cache/abc-3")
    assert problem == ("cache/abc-3/crops.npy", "Its checksum does not match.")


def test_the_layouts_are_those_of_cnets(sealed):
    """The second reader knows the names and sizes that the writers use."""
    from cnets import sealed as ours
    from cnets.data.crops import cache
    from cnets.training import state

    assert (verify_runs.HEADER, verify_runs.TENSORS) == (state.HEADER, state.TENSORS)
    assert verify_runs.FACTS == cache.FACTS
    assert f"-{cache.VERSION}" == verify_runs.CACHE_LAYOUT
    assert verify_runs.PIECE_BYTES == cache.PIECE_BYTES
    record = {"a": [1.5, None], "b": "\u00e9"}
    assert ours.encode(record) == sealed(record)
