from harness.commands import cli


def test_the_picture_is_named_with_its_frames(tmp_path, capsys):
    """One line on standard output: file, frames, set and splits."""
    words = ["data", "show", "synthetic:20", "--side", "32", "--frames", "10"]
    out = tmp_path / "a.png"
    assert cli.run([*words, "--out", str(out), "--store", str(tmp_path)]) == cli.DONE
    assert capsys.readouterr() == (
        f"{out}: 10 of 20 frames of synthetic:20 "
        "(20 frames, 20 labels; train 14, validation 3, test 3, unlabelled 0, "
        "dropped 0; crop centres from the labels).\n",
        f"{out} is drawn; next: crossnets data check synthetic:20\n",
    )
    assert out.read_bytes()[1:4] == b"PNG"
