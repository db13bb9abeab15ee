import json

import pytest

from harness.commands import cli


@pytest.fixture
def words(driven) -> list[str]:
    """A search of twelve trials."""
    driven.run()
    driven.writer.flush()
    return ["verify", "--store", str(driven.store.storage.root)]


def test_a_sound_store_is_counted(capsys, words, driven):
    """Files and bytes of the records are those on disk; the verdict is beside it."""
    assert cli.run([*words, "--format", "json"]) == cli.DONE
    facts = json.loads(capsys.readouterr().out)
    assert facts["clean"] is True
    assert facts["damage"] == []
    counts = {row["checked"]: row for row in facts["checked"]}
    root = driven.store.storage.root
    segments = [p.stat().st_size for p in root.rglob("*.parquet")]
    assert counts["segments"]["files"] == len(segments) > 0
    assert counts["segments"]["bytes"] == sum(segments)
    assert cli.run(words) == cli.DONE
    assert capsys.readouterr().err == "Every file is as it was written.\n"


def test_one_changed_byte_is_named_with_its_file(capsys, words, driven):
    """Exit code 3, a row with the file and what to do about it."""
    path = next(driven.store.storage.root.rglob("*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    assert cli.run(words) == cli.STORAGE
    out, err = capsys.readouterr()
    assert path.name in out
    assert err == "1 file is damaged.\n"


def test_a_store_whose_own_record_is_damaged_is_checked(capsys, words, driven):
    """It cannot be opened any more, and that is one of the findings."""
    record = driven.store.storage.root / "store.json"
    record.chmod(0o600)
    record.write_text("{")
    assert cli.run(words) == cli.STORAGE
    assert "store.json" in capsys.readouterr().out
