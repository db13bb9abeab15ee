import csv
import io

from harness.commands import cli
from harness.commands.searches import status
from results import queries


def test_trials_are_counted(driven):
    """Three of twelve have ended, and somebody drives the search."""
    for _ in range(3):
        driven.run_one()
    driven.writer.flush()
    row = status.row(driven.store, "s")
    assert row["trials"] == "3 of 12 ended"
    assert row["pre-trainings"] == "0 run, 0 reused"
    assert row["driven by"] != "nobody"
    assert sum(int(part.split()[0]) for part in row["states"].split(", ")) == 3
    best = {t.objective_mm for t in driven.policy.trials.values()}
    assert any(f"{value:.2f} mm" in row["best"] for value in best)


def test_the_rungs_of_a_named_search_follow(driven, capsys):
    """Only where people read: CSV is one table."""
    driven.run()
    driven.writer.flush()
    words = ["status", "--store", str(driven.store.storage.root)]
    assert cli.run([*words, "s"]) == cli.DONE
    assert "Rungs" in capsys.readouterr().out
    assert cli.run(words) == cli.DONE
    assert "Rungs" not in capsys.readouterr().out
    assert cli.run([*words, "s", "--format", "csv"]) == cli.DONE
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert tuple(row) == status.COLUMNS
    assert row["trials"] == "12 of 12 ended"


def test_a_best_that_is_not_complete_is_marked(driven):
    """As while the first trials train: with the epoch that it has reached."""
    driven.run_one()
    driven.writer.flush()
    (best,) = queries.progress(driven.store, "s").best.to_pylist()
    assert status._so_far(best | {"state": "completed"}) == ""
    assert status._so_far(best | {"state": "running", "epoch": 3}) == " (epoch 3)"
    shown = f"{best['objective_mm']:.2f} mm{status._so_far(best)}"
    assert status.row(driven.store, "s")["best"].endswith(shown)


def test_main_columns_and_all(driven, capsys):
    """A person is told that there are more; machines get all."""
    driven.writer.flush()
    words = ["status", "--store", str(driven.store.storage.root)]
    assert cli.run(words) == cli.DONE
    out = capsys.readouterr().out
    assert "pre-trainings" not in out
    assert "(2 more columns with --wide)" in out
    assert cli.run([*words, "--wide"]) == cli.DONE
    assert "pre-trainings" in capsys.readouterr().out


def test_an_extended_search_counts_against_the_new_total(driven):
    """Twenty were asked for since, and then eight, of which none is more than began."""
    driven.run()
    driven.writer.flush()
    driven.store.want("s", 20)
    assert status.row(driven.store, "s")["trials"] == "12 of 20 ended"
    driven.store.want("s", 8)
    assert status.row(driven.store, "s")["trials"] == "12 of 12 ended"
