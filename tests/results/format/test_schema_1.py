"""The first version's names, rows and words as those of today; see also the golden stores."""

import pyarrow as pa

from results.format import schema, schema_1


def test_a_row_of_a_journal():
    """Three columns have other names, two events other words; the rest is kept."""
    old = {
        "search_id": "a",
        "epoch": 3,
        "step": 7,
        "event": "restored",
        "losses_kl": 1.0,
    }
    assert schema_1.is_row(old)
    new = schema_1.row("trials", old)
    assert not schema_1.is_row(new)
    assert new == {
        "search": "a",
        "driver_epoch": 3,
        "epoch": 7,
        "event": "resumed",
        "losses_kl": 1.0,
    }
    failed = schema_1.row("trials", {"search_id": "a", "event": "checkpoint"})
    assert failed["event"] == "checkpoint_failed"


def test_a_final_is_the_first_look_of_its_trial():
    """What a row of finals could not say yet is what was true of all of them."""
    old = {"search_id": ["a"], "trial": ["t-00001"], "final_seed": [4]}
    found = schema_1.renamed(pa.table(old)).to_pylist()
    wanted = {"entrant": "t-00001", "look": 1, "state": "completed", "reason": ""}
    assert found == [{"search": "a", "trial": "t-00001", "final_seed": 4} | wanted]
    row = {name: values[0] for name, values in old.items()}
    assert schema_1.row("finals", row) == found[0]


def test_parameters_come_from_the_configuration():
    """A row a trial and searched parameter, from the trial's first row."""

    def trial(name, seq, config):
        assigned = {"search": "a", "driver_epoch": 1, "seq": seq, "time_utc": 0}
        return assigned | {"attempt": 1, "trial": name, "config_json": config}

    rows = [
        trial("t-1", 5, '{"a.b": 9.0}'),
        trial("t-1", 0, '{"a.b": 0.5, "c": 3, "other": 1}'),
        trial("t-2", 1, '{"a.b": 0.25, "c": 4}'),
    ]
    trials = pa.Table.from_pylist(rows, schema.schema("trials"))
    found = schema_1.parameters(trials, ["a.b", "c", "labelled_ratio"]).to_pylist()
    cells = [(r["trial"], r["name"], r["kind"], r["value"], r["seq"]) for r in found]
    assert cells == [
        ("t-1", "a.b", "float", 0.5, 0),
        ("t-1", "c", "int", 3.0, 0),
        ("t-2", "a.b", "float", 0.25, 1),
        ("t-2", "c", "int", 4.0, 1),
    ]
