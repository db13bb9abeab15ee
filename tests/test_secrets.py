"""Secrets of the machine that searches: none gets into a record or onto a screen."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.definition.identity import provenance
from results import Store
from results.format import schema


CANARY = "CANARY5f0c9a"

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": CANARY,
    "AWS_ACCESS_KEY_ID": CANARY,
    "WANDB_API_KEY": CANARY,
    "HF_TOKEN": CANARY,
    "PIP_INDEX_URL": f"https://user:{CANARY}@index.example/simple",
    "UV_INDEX_URL": f"https://user:{CANARY}@index.example/simple",
    "HTTPS_PROXY": f"http://user:{CANARY}@127.0.0.1:9",
    "HTTP_PROXY": f"http://user:{CANARY}@127.0.0.1:9",
    "NO_PROXY": "localhost,127.0.0.1",
}

SEARCH = (
    *("search", "s", "--data", "synthetic:40", "--preset", "tiny", "--trials", "2"),
    *("--ratios", "1.0", "--concurrency", "1", "--set"),
    "vae.epochs=1",
    "vae.steps=2",
    "gan.epochs=1",
    "gan.steps=2",
    "joint.epochs=2",
    "joint.steps=2",
)


def packed(folder: Path) -> None:
    """The packages as a checkout of a repository whose remote carries a token."""
    root = Path(harness.__file__).parents[1]
    for name in ("cnets", "harness", "results", "search_spaces"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / name, folder / name, ignore=unwanted)
    remote = f"https://user:{CANARY}@git.example/x.git"
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (
        ("init", "-q"),
        ("remote", "add", "origin", remote),
        ("add", "."),
        (*who, "commit", "-q", "-m", "x"),
    ):
        subprocess.run(["git", "-C", str(folder), *words], check=True, timeout=60)


@pytest.mark.ray
@pytest.mark.slow
def test_a_search_its_finals_and_an_export_hold_none(tmp_path):
    """Environment, index, proxies and git remote carry a word that nothing repeats."""
    packed(tmp_path / "code")
    work = tmp_path / "work"
    work.mkdir()
    clean = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    environment = clean | SECRETS | {"PYTHONPATH": str(tmp_path / "code")}
    said = ""
    for words in (
        SEARCH,
        ("rerun", "s", "--seeds", "1", "--concurrency", "1"),
        ("export", "s/t-00001", "--out", "out"),
        ("query", "SELECT * FROM trials", "--format", "json"),
        ("doctor", "--data", "synthetic:40"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "harness.commands.cli", *words],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            umask=0,
            check=False,
        )
        assert done.returncode == 0 or words[0] == "doctor", done.stderr
        said += done.stdout + done.stderr
    store = Store.open(work / "runs")
    header = store.storage.get("searches/s.json").decode()
    rows = {table: store.rows(table).to_pylist() for table in schema.TABLES}
    assert {row["look"] for row in rows["finals"]} == {0, 1}
    assert len(rows["frames"]) > 0
    assert f"+g{commit(tmp_path / 'code')}" in header
    assert CANARY not in said + header + json.dumps(rows, default=str)
    for path in work.rglob("*"):
        assert CANARY not in path.name
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path
    assert reachable(work / "runs") == []


def commit(folder: Path) -> str:
    """The commit of a checkout, as it is recorded."""
    words = ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(words, check=True, timeout=60, capture_output=True, text=True)
    return done.stdout.strip()


def reachable(root: Path) -> list[str]:
    """What others may read below a folder: nothing, if they cannot enter it."""
    if not stat.S_IMODE(root.stat().st_mode) & 0o077:
        return []
    return [str(path) for path in (root, *root.rglob("*"))]


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_a_store_is_its_owners(tmp_path, umask):
    """Others cannot enter its folder, whatever the umask."""
    before = os.umask(umask)
    try:
        Store.open(tmp_path / "above" / "store", create=True)
    finally:
        os.umask(before)
    for folder in (tmp_path / "above", tmp_path / "above" / "store"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_environment_is_a_list_of_facts(monkeypatch):
    """Versions, system and cores, and nothing of the variables."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    found = provenance.environment()
    assert set(found) == {"python", "system", "cpus", *provenance.PACKAGES}
    assert CANARY not in json.dumps(found)
    assert CANARY not in provenance.code_version()


@pytest.mark.parametrize("url", ["s3://u:{}@b/x", "https://{}@host/x", "gs://a@{}/x"])
def test_a_store_with_a_password_is_refused(url):
    """The sentence does not repeat it."""
    with pytest.raises(ValueError, match="`store` must carry no password") as refused:
        Store.open(url.replace("{}", CANARY), create=True)
    assert CANARY not in str(refused.value)
