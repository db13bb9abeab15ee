import pytest

from harness.commands.printing import leaderboard


@pytest.fixture
def ended(driven):
    """A search of twelve trials."""
    driven.run()
    driven.writer.flush()
    return driven


def test_configurations_stand_side_by_side(ended, capsys):
    """A column a trial with the value of its parameter, to four digits."""
    leaderboard.show(ended.store, "s")
    out = capsys.readouterr().out
    top, below = out.split("Their configurations")
    assert top.startswith("s: best by mean_joint_error_mm on the validation split")
    for trial in ended.policy.trials.values():
        name = trial.proposal.trial
        if name in top:
            assert f"{name} ({trial.proposal.ratio:g})" in below
            assert f"{trial.proposal.values['losses.kl']:.4g}" in below
    assert below.count("t-000") == 2


def test_a_search_without_errors_is_a_message(driven, capsys):
    """There is no table of nothing."""
    driven.writer.flush()
    leaderboard.show(driven.store, "s")
    assert capsys.readouterr() == ("", "s has no trial with a finite error yet.\n")
