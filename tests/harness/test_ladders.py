"""How many trials begin and how far they come, by hand and against the rule itself."""

from pathlib import Path

import pytest

from harness import ladders, policies
from harness.definition.options import SearchOptions
from harness.definition.rungs import Rungs
from harness.driver.deciding.course import END_SHARE
from harness.ladders import ladder, shares
from harness.prepare import Prepared, prepare


SPACE = Path(__file__).parent / "late_weights.toml"


def made(tmp_path, **changes) -> Prepared:
    """A search whose trials wait, checked."""
    options = {"data": "synthetic:40", "preset": "tiny", "ratios": "0.5,1.0"} | changes
    return prepare("s", SearchOptions(**options), tmp_path / "cache")


class TestLadder:
    def test_by_hand(self):
        """Of nine trials three go on at epoch 1 and one at 3, which ends at 9."""
        found = ladder(0.5, 9, Rungs(grace=1, eta=3, max_step=9))
        assert found.reach == {1: 9, 3: 3, 9: 1}
        assert found.epochs == 9 * 1 + 3 * 2 + 1 * 6

    def test_one_always_goes_on(self):
        """A single trial is trained to its end, and none costs nothing."""
        rungs = Rungs(grace=2, eta=4, max_step=10)
        assert ladder(1.0, 1, rungs).epochs == 10
        assert ladder(1.0, 0, rungs).epochs == 0


def test_trials_that_are_stopped_take_turns(tmp_path):
    """Three trials at two ratios: two and one."""
    assert shares(3, (0.5, 1.0)) == {0.5: 2, 1.0: 1}
    stopped = made(tmp_path, scheduler="stop", trials=3)
    assert ladders.expected(stopped, 2, None).trials == {0.5: 2, 1.0: 1}


class TestTrialsThatWait:
    @pytest.mark.parametrize("trials", [2, 12, 60])
    def test_as_many_begin_as_are_wanted(self, tmp_path, trials):
        """And one of each ratio at least is trained to its end."""
        found = ladders.expected(made(tmp_path, trials=trials), 2, None)
        assert sum(found.trials.values()) == trials
        for one in found.ladders:
            reach = list(one.reach.values())
            assert reach == sorted(reach, reverse=True)
            assert reach[0] == one.trials
            assert reach[-1] >= 1

    def test_a_budget_is_spent_but_for_what_pays_for_no_step(self, tmp_path):
        """Of 40 trainings of nine epochs; the end game has its share of them."""
        prepared = made(tmp_path)
        found = ladders.expected(prepared, 2, 360.0)
        spent = sum(one.epochs for one in found.ladders)
        assert 0.9 * 360 <= spent <= 360
        begun = sum(found.trials.values())
        rough = (1 - END_SHARE) * 360 / prepared.options.rungs().epochs_a_trial
        assert begun == pytest.approx(rough, rel=0.25)

    def test_a_space_that_is_used_up_ends_it(self, tmp_path):
        """Two configurations at two ratios, whatever the budget."""
        path = tmp_path / "two.toml"
        path.write_text(
            'name = "two"\n[parameters.latent_size]\nkind = "one_of"\n'
            "values = [4, 8]\n[start]\nlatent_size = 4\n"
        )
        found = ladders.expected(made(tmp_path, space=str(path)), 2, 900.0)
        assert found.trials == {0.5: 2, 1.0: 2}


def test_the_worth_of_trials_is_what_the_search_gets(tmp_path):
    """Nine epochs, rungs at 2, 4 and 8, a quarter each: 2 + 2/4 + 4/16 + 1/64 a trial.

    The first of each ratio is trained in full.
    """
    prepared = made(tmp_path, trials=60)
    assert prepared.options.rungs() == Rungs(grace=2, eta=4, max_step=9, factor=2)
    each = 2 + 2 / 4 + 4 / 16 + 1 / 64
    assert policies.decider(prepared).budget_epochs == pytest.approx(
        2 * 9 + 58 * each / 0.75
    )
    few = policies.decider(made(tmp_path, trials=3))
    assert few.budget_epochs == 3 * 9  # all to their ends
