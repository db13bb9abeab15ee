"""One changed bit anywhere on disk: found by `verify`, and never used.

A small store with everything that this program writes and reads again. Each kind
of file has its reader, which must refuse the file in the documented way, or give
exactly what it gave before (as where a bit changes the case of an escape).
`make chaos` turns five times as many bits.
"""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cnets import presets
from cnets.data.crops import cache
from cnets.data.crops.rendered import Rendered
from cnets.data.readers import synthetic
from cnets.training import state
from cnets.training.lanes.lane import Lane
from cnets.training.lanes.optimiser import Moments
from results import StorageError, Store
from results.checking.verify import verify
from results.writing import drivers, journal


FLIPS = 1000 if os.environ.get("CROSSNETS_CHAOS") else 200
SOURCE = Rendered(synthetic.labels(20))
GOLDEN = Path(__file__).parent / "results" / "golden" / "1.1" / "store"

REFUSALS = {
    "records": StorageError,
    "segments": StorageError,
    "journals": StorageError,
    "checkpoints": state.Damaged,
    "prepared data": ValueError,
}
"""The documented error of each kind of file."""

Reader = Callable[[], object]


@pytest.fixture
def store(tmp_path) -> Store:
    """Two searches, one with a journal and a checkpoint, and a prepared set."""
    root = shutil.copytree(GOLDEN, tmp_path / "store")
    draw = torch.Generator().manual_seed(0)
    weights = torch.randn(200, generator=draw)
    moments = {"net": Moments(weights / 2, weights**2, torch.tensor(3.0))}
    lane = Lane(
        presets.preset("tiny"),
        stage="joint",
        epoch=2,
        flat={"net": weights},
        buffers={"net": {"norm.running_mean": weights[:8].clone()}},
        moments={"joint": moments},
        recent=({"active_units": 3.0},),
    )
    state.save_lane(lane, root / "checkpoints" / "beta" / "t-00000" / "at-3-000002")
    cache.cached(SOURCE, 32, root / "cache")
    return Store.open(root)


def spelt(table) -> str:
    """Rows as text, in which NaN is like itself."""
    return json.dumps(table.to_pylist(), default=str)


def reader(store: Store, path: Path) -> Reader:
    """What reads a file, as a call whose answers can be compared."""
    root = store.storage.root
    assert root is not None
    kind, *rest = path.relative_to(root).parts
    match kind:
        case "store.json":
            return lambda: Store.open(root).searches()
        case "searches":
            return lambda: store.header(path.stem)
        case "drivers":
            return lambda: drivers.latest(store.storage, rest[0])
        case "journal":
            return lambda: journal.read(path)
        case "checkpoints":
            return lambda: described(state.load_lane(path.parent))
        case "cache":
            return lambda: drawn(cache.cached(SOURCE, 32, root / "cache", never))
    search = rest[0].partition("=")[2]
    return lambda: spelt(store.rows(kind, search))


def owner(store: Store, path: Path) -> str | None:
    """The search that a record, journal or checkpoint is of; None is to check all."""
    assert store.storage.root is not None
    kind, *rest = path.relative_to(store.storage.root).parts
    if kind in ("drivers", "journal", "checkpoints"):
        return rest[0]
    return path.stem if kind == "searches" else None


def described(lane: Lane) -> object:
    """Everything of a lane that can be compared with `==`."""
    tensors = state._tensors(lane)
    said = {name: tensor.tolist() for name, tensor in tensors.items()}
    return lane.config, lane.stage, lane.epoch, lane.recent, lane.origin, said


def drawn(found: cache.Cached) -> object:
    """The same of a prepared set."""
    arrays = found.crops.tobytes(), found.centres_mm.tobytes()
    return *arrays, found.crops.shape, found.content, found.empty


def never(done: int, frames: int) -> None:
    """A progress that must not be called: a damaged set is not made anew unasked."""
    raise AssertionError(f"made {done} of {frames}")


def answer(read: Reader) -> object:
    """What a reader gives, be it an error."""
    try:
        return read()
    except Exception as error:  # whatever it is, it is the answer
        return error


@pytest.mark.slow
def test_each_is_found_and_none_is_used(store):
    """Random bits, spread over all kinds: `verify` names the file each time."""
    root = store.storage.root
    assert root is not None
    kinds: dict[str, list[Path]] = {}
    list(
        verify(
            store.storage, seen=lambda k, p, _: kinds.setdefault(k, []).append(root / p)
        )
    )
    assert set(kinds) == set(REFUSALS)
    before: dict[Path, object] = {}
    draw, refused = random.Random(20261123), 0
    for turn in range(FLIPS):
        kind = list(kinds)[turn % len(kinds)]
        path = draw.choice(kinds[kind])
        read, content = reader(store, path), path.read_bytes()
        if path not in before:
            before[path] = read()
        broken = bytearray(content)
        bit = draw.randrange(8 * len(content))
        broken[bit // 8] ^= 1 << bit % 8
        path.write_bytes(broken)
        found = [f.path for f in verify(store.storage, owner(store, path), again_s=0)]
        where = f"{path.relative_to(root)}, bit {bit}"
        assert found == [str(path.relative_to(root))], where
        after = answer(read)
        if isinstance(after, Exception):
            assert isinstance(after, REFUSALS[kind]), (where, after)
            assert "damaged" in str(after) or "checksum" in str(after), where
            refused += 1
        else:
            assert after == before[path], where
        path.write_bytes(content)
    assert refused > 0.85 * FLIPS  # nobody reads the records of drivers before the last
    assert list(verify(store.storage)) == []
