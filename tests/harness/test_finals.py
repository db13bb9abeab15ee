"""Finals from Python, as far as no run has to be trained."""

from types import SimpleNamespace

import pytest

from harness import entrants, finals
from harness.commands import cli
from results import Store


NOWHERE = "nowhere:1"
"""An address that would be asked if there were something to run."""


@pytest.fixture
def rerun(driven):
    """Runs the finals of the search, on the cluster of an address that is none."""

    def run(**given):
        driven.writer.flush()
        folder = driven.store.storage.root
        return finals.rerun("s", store=folder, address=NOWHERE, **given)

    return run


@pytest.fixture
def ended(driven):
    """Stores finals over two seeds, with their look at the test split."""
    driven.run()
    driven.writer.flush()
    field = entrants.of(driven.store, driven.store.header("s"), 1)
    levels = {"start": 25.0, "supervised": 28.0}

    def store(*, look=1, without=()):
        for entrant in field:
            for seed, part in ((8, 0.5), (9, -0.5)):
                if entrant.run(seed) in without:
                    continue
                error = levels.get(entrant.name, 20.0) + part
                row = {"attempt": 1, "entrant": entrant.name, "trial": entrant.trial}
                row |= {"labelled_ratio": entrant.ratio, "labelled_frames": 20}
                row |= {"final_seed": seed, "state": "completed", "reason": ""}
                row |= {"validation_mm": error, "search_mm": entrant.search_mm}
                row |= {"mean_joint_error_mm": error, "config_json": "{}"}
                row |= {"code_version": "test", "frames": 10, "mean_pose_mm": 40.0}
                looks = (0, look) if look else (0,)
                for number in looks:
                    split = {
                        "look": number,
                        "split": "test" if number else "validation",
                    }
                    driven.writer.append("finals", row | split)
        return field

    return store


def test_a_search_without_results_cannot_be_rerun(driven):
    """The sentence names the search."""
    driven.writer.flush()
    folder = driven.store.storage.root
    with pytest.raises(ValueError, match="`s`, which has none yet"):
        finals.rerun("s", store=folder)
    assert Store.open(folder).searches() == ["s"]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"top": 0}, "`top` must be 1 or more, got 0"),
        ({"seeds": 0}, "`seeds` must be 1 or more, got 0"),
        ({"device": "tpu"}, "`device` must be one of"),
        ({"lanes": 0}, "`lanes` must be"),
        ({"concurrency": 0}, "`concurrency` must be"),
    ],
)
def test_arguments_out_of_range(rerun, given, rule):
    """One sentence, before anything is read."""
    with pytest.raises(ValueError, match=rule):
        rerun(**given)


def test_finals_that_are_there_are_not_repeated(rerun, ended):
    """No cluster is asked; the table and the sentences are those of the store."""
    field = ended()
    done = rerun(seeds=2)
    assert (done.finished, done.crashed, done.untested) == (True, 0, 0)
    rows = done.table.to_pylist()
    assert {(r["labelled_ratio"], r["entrant"]) for r in rows} == {
        (entrant.ratio, entrant.name) for entrant in field
    }
    assert {(row["seeds"], row["look"]) for row in rows} == {(2, 1)}
    # Each gap is the same with both seeds, so every test tells the two apart.
    best = next(e.name for e in field if not e.is_fixed and e.ratio == 0.5)
    assert done.verdict[0] == (
        f"At 50 % of the labels (20 frames) {best} beats the paper's setting by "
        "5.0 mm (5.0 to 5.0, 2 seeds)."
    )


def test_who_takes_part_is_asked_again_after_recovery(driven, monkeypatch):
    """What a driver that died left in its journal counts; here a better trial."""
    for _ in range(4):
        driven.run_one()
    driven.writer.flush()
    fields = []

    def asked(*given):
        fields.append(entrants.of(*given))
        return fields[-1]

    def data_read(*_):
        driven.run()  # rows that are in the journal alone
        return SimpleNamespace(labelled=lambda *_: ())

    def reached(*_):
        raise InterruptedError

    monkeypatch.setattr(finals, "entrants", SimpleNamespace(of=asked))
    monkeypatch.setattr(finals.data_choice, "of_header", lambda *_: None)
    monkeypatch.setattr(finals, "same_data", data_read)
    monkeypatch.setattr(finals.counts, "check", lambda *_, **__: [])
    monkeypatch.setattr(finals, "connected", reached)
    with pytest.raises(InterruptedError):
        finals.rerun("s", store=driven.store.storage.root, takeover=True)
    with pytest.raises(ValueError, match="taken over"):
        driven.writer.close()
    assert fields[-1] != fields[0]
    assert fields[-1] == entrants.of(driven.store, driven.store.header("s"), 1)


class TestASecondLook:
    def test_seeds_after_the_first_are_refused(self, rerun, ended):
        """Whoever has seen the figures would choose by them; the ratios are named."""
        ended()
        with pytest.raises(
            ValueError, match=r"`again` must be set to add runs at 0\.5"
        ):
            rerun(seeds=3)

    def test_another_entrant_is_refused_too(self, rerun, ended):
        """It is a run more."""
        ended()
        with pytest.raises(ValueError, match="`again` must be set to add runs at"):
            rerun(seeds=2, top=2)

    def test_is_an_exit_code(self, driven, ended, capsys):
        """Wrong usage, with the sentence and without a traceback."""
        ended()
        driven.writer.flush()
        words = ["rerun", "s", "--seeds", "3", "--store"]
        assert cli.run([*words, str(driven.store.storage.root)]) == cli.USAGE
        assert "`again` must be set" in " ".join(capsys.readouterr().err.split())

    def test_which_ratios_are_due(self, driven, ended):
        """Those that were not read, and all of them if another look is asked for."""
        field = ended(look=0)
        driven.writer.flush()
        due = finals._due
        rows = driven.store.rows("finals", "s").to_pylist()
        assert due(rows, field, (8, 9), again=False) == {0.5, 1.0}
        assert due([], field, (8, 9), again=False) == {0.5, 1.0}
        read = [row | {"look": 1} for row in rows if row["labelled_ratio"] == 0.5]
        assert due([*rows, *read], field, (8, 9), again=False) == {1.0}
        assert due([*rows, *read], field, (8, 9, 10), again=True) == {0.5, 1.0}
        half = [row for row in rows if row["labelled_ratio"] == 0.5]
        assert due([*half, *read], field, (8, 9), again=False) == {1.0}
        lost = [row | {"state": "diverged"} for row in rows]
        assert due(lost, field, (8, 9), again=False) == set()


class TestTheCost:
    def test_of_runs_that_take_as_long_as_the_search_s(self, driven):
        """The trials took 13.5 s: 6 entrants, 5 seeds, 2 at once are 3:22."""
        driven.run()
        driven.writer.flush()
        header = driven.store.header("s")
        field = entrants.of(driven.store, header, 1)
        assert len(field) == 6
        assert finals._cost(driven.store, header, field, range(5), 2) == (
            "s: 6 entrants x 5 seeds = 30 runs, about 3:22 on 2 at once."
        )

    def test_stored_runs_cost_nothing(self, driven, ended):
        """Two of five seeds are stored: 3 of 5 parts of the time are left."""
        field = ended()
        driven.writer.flush()
        seeds = range(8, 13)
        header = driven.store.header("s")
        line = finals._cost(driven.store, header, field, seeds, 2)
        wanted, stored = 5 * len(field), 2 * len(field)
        assert f"= {wanted} runs, {stored} of them stored, about" in line

    def test_says_what_few_seeds_can_show(self, driven):
        """Student's t of 1 degree of freedom, 12.706, over the root of 2."""
        header = driven.store.header("s")
        few = finals._cost(driven.store, header, [], range(2), 1)
        assert few == (
            "s: 0 entrants x 2 seeds = 0 runs; the interval of 2 seeds reaches 9.0 "
            "standard deviations to either side, that of 5 seeds 1.2."
        )
        assert "one seed gives no interval" in finals._cost(
            driven.store, header, [], range(1), 1
        )
