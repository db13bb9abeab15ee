"""`crossnets replay` prints an object a search, or means for people."""

import gzip
import json

import pytest

from harness.commands import cli


@pytest.fixture
def folder(tmp_path):
    """A folder with one small task."""
    content = [
        {
            "hp": {"a": float(n), "b": float((7 * n) % 30)},
            "valid": {"loss": [abs(n - 10) + 9 / t for t in range(1, 9)]},
        }
        for n in range(30)
    ]
    (tmp_path / "hills.json.gz").write_bytes(
        gzip.compress(json.dumps(content).encode())
    )
    return tmp_path


WORDS = ["--workers", "2", "--budget", "3", "--grace", "20", "--seeds", "2"]


def test_json_has_every_search(folder, capsys):
    """With its regrets, trials and what was not finite."""
    words = ["--policies", "crossnets, random_asha_promote", "--format", "json"]
    assert cli.run(["replay", "--curves", str(folder), *WORDS, *words]) == cli.DONE
    rows = json.loads(capsys.readouterr().out)
    assert [(r["policy"], r["task"], r["seed"]) for r in rows] == [
        (policy, "hills", seed)
        for policy in ("crossnets", "random_asha_promote")
        for seed in (0, 1)
    ]
    assert all(0 <= r["started_regret"] <= r["regret"] for r in rows)
    assert all(r["trials"] > 1 and r["nonfinite_share"] == 0 for r in rows)


def test_a_stored_search(driven, capsys):
    """Its curves are played, a task a ratio."""
    driven.run()
    driven.writer.flush()
    words = ["--from", "s", "--store", str(driven.store.storage.root)]
    words += ["--policies", "crossnets_random", "--format", "json"]
    assert cli.run(["replay", *words, *WORDS]) == cli.DONE
    rows = json.loads(capsys.readouterr().out)
    assert {row["task"] for row in rows} == {"s@0.5", "s@1"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "`from` or `curves` must be given, and not both."),
        (["--curves", "FOLDER", "--policies", "best"], "`policies` must be known ones"),
        (["--curves", "FOLDER", "--workers", "0"], "`workers` must be 1 or more"),
        (["--curves", "FOLDER", "--grace", "0"], "`grace` must be above 0"),
    ],
)
def test_wrong_usage(words, sentence, folder, capsys):
    """One sentence and exit code 2."""
    words = [word.replace("FOLDER", str(folder)) for word in words]
    assert cli.run(["replay", *words]) == cli.USAGE
    assert sentence in capsys.readouterr().err
