"""Planted pickles: no load path runs one, and no source file could."""

import ast
import hashlib
import io
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import cnets
import harness
import results
import search_spaces
from cnets import presets, sealed
from cnets.data.crops import cache
from cnets.data.files import label_files, matlab_files
from cnets.data.files.depth_files import read_any
from cnets.inference import exported, published
from cnets.networks import crossing_net
from cnets.training import state
from harness.worker import failures
from harness.worker.checkpoints import restored
from results import StorageError, Store
from results.format import schema, segments
from results.writing import journal


PACKAGES = [
    Path(package.__file__).parent
    for package in (cnets, harness, results, search_spaces)
]
BANNED = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml"}


class Bomb:
    """A value that makes a folder where it is unpickled."""

    def __init__(self, canary: Path) -> None:
        """Aim at a folder that is not there yet."""
        self.canary = canary

    def __reduce__(self):
        """What unpickling calls."""
        return Path.mkdir, (self.canary,)


@pytest.fixture
def bomb(tmp_path) -> Iterator[bytes]:
    """A pickle; the test fails if anything has run it."""
    canary = tmp_path / "canary"
    yield pickle.dumps(Bomb(canary))
    assert not canary.exists()


def test_the_bomb_works(tmp_path):
    """Unpickled, it makes its folder; so the tests below can fail."""
    pickle.loads(pickle.dumps(Bomb(tmp_path / "canary")))
    assert (tmp_path / "canary").exists()


def sha256(data: bytes) -> str:
    """Digest of some bytes."""
    return hashlib.sha256(data).hexdigest()


class TestLoadPaths:
    def test_a_checkpoint(self, tmp_path, bomb):
        """A pickle in place of either file, or both, with right checksums."""
        run = presets.preset("tiny").replace({"networks.joints": 21})
        folder = tmp_path / "run" / "at-3-000001"
        header = {
            "version": state.VERSION,
            "config": run.flat(),
            "stage": "joint",
            "epoch": 1,
            "bytes": len(bomb),
            "sha256": sha256(bomb),
        }
        folder.mkdir(parents=True)
        for content in (sealed.encode(header), bomb):
            (folder / state.TENSORS).write_bytes(bomb)
            (folder / state.HEADER).write_bytes(content)
            (folder / "lane.pt").write_bytes(bomb)
            with pytest.raises(
                state.Damaged, match=r"damaged|holds no whole checkpoint"
            ):
                state.load_lane(folder)
            assert restored(folder.parent, run, "cpu").lane is None

    def test_an_export(self, tmp_path, bomb):
        """A pickle in place of the weights, with right checksums, and of the header."""
        facts = {"layout": exported.LAYOUT, "files": {}}
        for name in exported.CHECKED:
            (tmp_path / name).write_bytes(bomb)
            facts["files"][name] = sha256(bomb)
        run = presets.preset("tiny").replace({"networks.joints": 21})
        hand = exported.SKELETONS["hand21"]
        facts |= {
            "config": run.flat(),
            "skeleton": "hand21",
            "joint_names": list(hand.joint_names),
            "camera": None,
            "crop": exported._crop(run),
        }
        facts["sha256"] = exported._own_sha256(facts)
        (tmp_path / exported.HEADER).write_text(json.dumps(facts))
        with pytest.raises(ValueError, match="holds no tensors"):
            exported.load(tmp_path)
        (tmp_path / exported.HEADER).write_bytes(bomb)
        with pytest.raises(ValueError, match="is damaged or no header"):
            exported.load(tmp_path)

    @pytest.mark.parametrize("kind", ["pickle", "objects", "torch"])
    def test_the_authors_weights(self, tmp_path, bomb, kind):
        """A bare pickle, an array of objects, and torch's own format."""
        contents = io.BytesIO()
        if kind == "pickle":
            contents.write(bomb)
        elif kind == "objects":
            values = np.array([Bomb(tmp_path / "canary")], dtype=object)
            np.savez(contents, arr_0=values)
        else:
            torch.save({"arr_0": Bomb(tmp_path / "canary")}, contents)
        for part in published.PARTS:
            (tmp_path / f"x_{part}.npz").write_bytes(contents.getvalue())
        with pytest.raises(
            ValueError, match=r"is damaged or no archive|must hold arr_0"
        ):
            published.load(str(tmp_path))

    @pytest.mark.parametrize("kind", ["pickle", "objects"])
    def test_prepared_data(self, tmp_path, bomb, kind):
        """Arrays of a cache with right checksums."""
        folder = tmp_path / "set"
        folder.mkdir()
        for name in (cache.CROPS, cache.CENTRES):
            if kind == "pickle":
                (folder / name).write_bytes(bomb)
            else:
                values = np.array([Bomb(tmp_path / "canary")], dtype=object)
                np.save(folder / name, values)
        pieces = {n: cache.checksums(folder / n) for n in (cache.CROPS, cache.CENTRES)}
        facts = {"pieces": pieces, "content": "", "empty": []}
        (folder / cache.FACTS).write_bytes(sealed.encode(facts))
        with pytest.raises(ValueError, match="is damaged, delete it"):
            cache._opened(folder)

    def test_files_of_data_sets(self, tmp_path, bomb):
        """A pickle under the name of labels, a `.mat` file and a depth frame."""
        for name, read in (
            ("joint_data.mat", lambda path: matlab_files.matrix(path, "joint_uvd")),
            ("labels.txt", lambda path: label_files.uvd_text(path, 16)),
            ("labels.txt.gz", lambda path: label_files.uvd_text(path, 16)),
            ("joint.txt", label_files.msra_joints),
            ("depth_1_0000001.png", read_any),
            ("000000_depth.bin", read_any),
        ):
            path = tmp_path / name
            path.write_bytes(bomb)
            with pytest.raises(ValueError, match=path.name):
                read(path)

    def test_an_extension_type_in_a_segment(self, bomb):
        """The pickle in which pyarrow kept its own extension types is left alone."""
        said = {
            "ARROW:extension:name": "arrow.py_extension_type",
            "ARROW:extension:metadata": bomb,
        }
        field = pa.field("reason", pa.string(), metadata=said)
        columns = schema.schema("trials")
        index = columns.get_field_index("reason")
        planted = columns.set(index, field)
        empty = pa.Table.from_batches([], planted)
        buffer = io.BytesIO()
        pq.write_table(empty, buffer, write_page_checksum=True)
        data = segments._sealed(buffer)
        try:
            found = segments.opened("x", "trials", data).rows().schema
        except StorageError:
            return
        assert found.field("reason").type == pa.string()

    def test_records_of_a_store(self, tmp_path, bomb):
        """A pickle in place of `store.json`, of a journal, or lying about."""
        store = Store.open(tmp_path / "store", create=True)
        root = tmp_path / "store"
        for name in ("tuner.pkl", "searcher-state.pkl", "experiment_state-1.json"):
            (root / name).write_bytes(bomb)
            (tmp_path / name).write_bytes(bomb)
        assert store.searches() == []
        (root / "log.jsonl").write_bytes(bomb)
        with pytest.raises(StorageError, match=r"log\.jsonl` is damaged"):
            journal.read(root / "log.jsonl")
        (root / "store.json").write_bytes(bomb)
        with pytest.raises(StorageError, match="is no record"):
            Store.open(root)

    def test_ray_s_error_of_a_trial(self, tmp_path, bomb):
        """The log beside it is read, the pickle is not."""
        (tmp_path / "error.pkl").write_bytes(bomb)
        (tmp_path / "error.txt").write_text("ValueError: plain\n")
        assert failures.read(tmp_path / "error.txt", "t") == (
            "ValueError: plain",
            False,
        )


READ = """
import pickle, _pickle, sys
def banned(*_, **__): raise SystemExit("unpickled")
pickle.load = pickle.loads = _pickle.load = _pickle.loads = banned
pickle.Unpickler = _pickle.Unpickler = banned
from harness.commands import cli
for words in (["status"], ["query", "FROM trials"], ["verify"]):
    code = cli.run([*words, "--store", sys.argv[1]])
    assert code == 0, (words, code)
"""


def test_reading_verbs_never_unpickle(tmp_path):
    """They run where every way to unpickle ends the process."""
    Store.open(tmp_path / "store", create=True)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "store")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def unsafe(source: str) -> list[str]:
    """What in a source file could run foreign code, by line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Import(names=names):
                found += [f"{line}: {a.name}" for a in names if banned(a.name)]
            case ast.ImportFrom(module=module, names=names):
                full = [f"{module}.{alias.name}" for alias in names]
                found += [f"{line}: {name}" for name in full if banned(name)]
            case ast.Call(func=func, keywords=keywords):
                given = {k.arg: ast.unparse(k.value) for k in keywords}
                said = call(ast.unparse(func), given)
                found += [f"{line}: {said}"] if said else []
    return found


def banned(name: str) -> bool:
    """Whether any part of a dotted name is a module that unpickles."""
    return bool(BANNED & set(name.split(".")))


def call(name: str, given: dict) -> str | None:
    """What is wrong with a call, if anything."""
    if name in ("eval", "exec", "compile", "__import__", "os.system", "os.popen"):
        return name
    if given.get("shell", "False") != "False":
        return f"{name} with a shell"
    if given.get("allow_pickle", "False") != "False":
        return f"{name} with pickles"
    if given.get("weights_only", "True") != "True":
        return f"{name} with more than weights"
    if name == "torch.load" and given.get("weights_only") != "True":
        return "torch.load without weights_only"
    if name in ("np.load", "numpy.load") and given.get("allow_pickle") != "False":
        return "np.load without allow_pickle"
    return None


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_no_source_file_could_run_one(package):
    """No module, call or flag that unpickles or evaluates, in any of our packages."""
    files = sorted(package.rglob("*.py"))
    assert len(files) >= 5
    found = {str(f): unsafe(f.read_text("utf-8")) for f in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import a, marshal as m",
        "from ray import cloudpickle",
        "from pickle import loads",
        "import ray.cloudpickle as c",
        "def f():\n    import joblib",
        "eval('1')",
        "exec(x)",
        "torch.load(f)",
        "torch.load(f, weights_only=False)",
        "torch.load(f, weights_only=flag)",
        "np.load(f)",
        "np.load(f, allow_pickle=True)",
        "np.lib.format.read_array(f, allow_pickle=1)",
        "import yaml",
        "subprocess.run(x, shell=True)",
        "os.system('x')",
    ],
)
def test_the_search_finds_each(source):
    """Each line is found, so an empty list means something."""
    assert unsafe(source)


def test_the_search_passes_over_comments_and_safe_calls():
    """Words in comments and texts, and safe flags, are none."""
    assert not unsafe("# import pickle\n'eval(x)'\nnp.load(f, allow_pickle=False)\n")
    assert not unsafe("torch.load(f, weights_only=True)\nre.compile('x')\n")


def test_networks_are_built_without_a_file():
    """The module list that checkpoints are compared with comes from the code."""
    assert set(crossing_net.build(presets.preset("tiny"))) >= {
        "encoder",
        "decoder",
        "trunk",
    }
