from harness.commands import cli


def test_the_demo_says_what_it_does_before_it_starts(tmp_path, capsys):
    """A store that cannot be made ends it after its first line."""
    place = tmp_path / "file"
    place.write_text("x")
    assert cli.run(["demo", "--store", str(place)]) == cli.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert first.startswith("1/3  Search: ")
    assert "`store` must" in second
    assert place.read_text() == "x"
