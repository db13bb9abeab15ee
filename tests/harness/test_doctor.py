from harness import doctor


def by_name(**changes) -> dict[str, tuple[str, str]]:
    """Verdict and finding of each check."""
    values = {"data": "synthetic:40", "store": "runs", "address": None} | changes
    rows = doctor.check(**values)
    return {row["check"]: (row["verdict"], row["finding"]) for row in rows}


def test_a_sound_machine_has_nothing_to_mend(tmp_path, monkeypatch):
    """Nothing is written by looking."""
    monkeypatch.chdir(tmp_path)
    found = by_name()
    assert {verdict for verdict, _ in found.values()} == {"ok"}
    assert "40 frames, 21 joints, 20 persons" in found["data"][1]
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_is_named(tmp_path):
    """A store that is a file, and data that are missing."""
    place = tmp_path / "file"
    place.write_text("x")
    found = by_name(store=str(place), data="poses:nowhere")
    assert found["store"][0] == found["data"][0] == "mend"
    assert str(place) in found["store"][1]
    assert "'nowhere'" in found["data"][1]


def test_little_memory_and_disk_are_named(tmp_path, monkeypatch):
    """With higher demands this machine would fail both."""
    monkeypatch.setattr(doctor, "LEAST_FREE_GIB", 1e9)
    monkeypatch.setattr(doctor, "LEAST_MEMORY_GIB_A_CORE", 1e9)
    found = by_name(store=str(tmp_path))
    assert found["disk"][0] == found["processor"][0] == "mend"
    assert "lower --concurrency" in found["processor"][1]


def test_a_folder_without_a_store_is_only_looked_at(tmp_path):
    """Nothing is written into it."""
    assert by_name(store=str(tmp_path))["store"] == (
        "ok",
        f"{tmp_path} will be made by the first search",
    )
    assert list(tmp_path.iterdir()) == []
