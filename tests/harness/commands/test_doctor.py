import json

from harness.commands import cli, exit_codes


def test_the_exit_code_says_whether_something_is_to_be_mended(tmp_path, capsys):
    """Missing data are a row with `mend`, and code 1; nothing else changes."""
    words = ["doctor", "--store", str(tmp_path / "runs"), "--format", "json", "--data"]
    codes = [cli.run([*words, data]) for data in ("synthetic:40", "poses:nowhere")]
    assert codes == [cli.DONE, exit_codes.FAILED]
    sound, broken = capsys.readouterr().out.split("]\n")[:2]
    before, after = json.loads(f"{sound}]"), json.loads(f"{broken}]")
    assert [row["check"] for row in before] == [row["check"] for row in after]
    changed = {row["check"] for row in after if row["verdict"] == "mend"}
    assert changed == {"data"}


def test_a_cluster_that_is_not_there_is_a_row(tmp_path, capsys):
    """No cluster answers at a port that nobody listens on."""
    words = ["doctor", "--data", "synthetic:40", "--store", str(tmp_path)]
    assert cli.run([*words, "--address", "127.0.0.1:1"]) == exit_codes.FAILED
    out, err = capsys.readouterr()
    assert "'127.0.0.1:1'" in out
    assert err == "To mend: cluster.\n"
