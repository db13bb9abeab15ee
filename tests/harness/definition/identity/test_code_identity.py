"""Which changes of the code make it other code."""

import shutil

import pytest

from harness.definition.identity import code_identity


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of our code, whose hash is taken anew at every call."""
    for folder in ("cnets", "harness", "search_spaces"):
        shutil.copytree(code_identity.ROOT / folder, tmp_path / folder)
    monkeypatch.setattr(code_identity, "ROOT", tmp_path)
    return tmp_path, code_identity.code_sha256.__wrapped__


def changed(path, old: str, new: str) -> None:
    """Replace a text of a file that must be there."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("cnets/metrics.py", "\ndef ", "\nEXTRA = 1\n\n\ndef "),
        ("harness/driver/deciding/scheduler.py", "keep = max(1, ", "keep = max(2, "),
        ("harness/worker/checkpoints.py", "\ndef ", "\nEXTRA = 1\n\n\ndef "),
        ("search_spaces/joint.py", "latent_size", "latent_sizes"),
    ],
)
def test_a_line_that_runs_is_other_code(copied, file, old, new):
    """Where trials are trained, decided or described."""
    root, sha256 = copied
    before = sha256()
    changed(root / file, old, new)
    assert sha256() != before


def test_a_file_more_is_other_code(copied):
    """Also one that nothing imports yet."""
    root, sha256 = copied
    before = sha256()
    (root / "cnets/networks/more.py").write_text("A = 1\n")
    assert sha256() != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("cnets/metrics.py", '"""', '"""Other words. '),
        ("cnets/metrics.py", "\ndef ", "\n# A comment.\n\n\ndef "),
        ("harness/commands/cli.py", "\ndef ", "\nEXTRA = 1\n\n\ndef "),
        ("harness/plan.py", "\ndef ", "\nEXTRA = 1\n\n\ndef "),
    ],
)
def test_words_and_what_prints_are_not(copied, file, old, new):
    """A docstring, a comment, or a line that decides nothing."""
    root, sha256 = copied
    before = sha256()
    changed(root / file, old, new)
    assert sha256() == before


def test_the_folders_are_there():
    """A folder that was renamed would drop out of the hash without a word."""
    for folder in (*code_identity.DECISIVE, *code_identity.APART):
        assert (code_identity.ROOT / folder).exists()


def test_versions(monkeypatch):
    """A build tag of torch counts for nothing; a missing package is said."""
    given = {"torch": "2.13.0+cpu", "numpy": "2.4.6"}
    monkeypatch.setattr(code_identity.metadata, "version", given.__getitem__)
    found = code_identity.versions.__wrapped__()
    assert found.keys() == {"Python", "torch", "numpy"}
    assert (found["torch"], found["numpy"]) == ("2.13.0", "2.4.6")
    before = code_identity.identity.__wrapped__()
    given["torch"] = "2.12.0"
    code_identity.versions.cache_clear()
    try:
        assert code_identity.identity.__wrapped__() != before
    finally:
        code_identity.versions.cache_clear()
