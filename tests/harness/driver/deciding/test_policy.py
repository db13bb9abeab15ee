"""What every policy has to answer."""

import pytest

from harness.driver.deciding.policy import Policy


QUESTIONS = ("propose", "report", "retried", "crashed")


def policy_of(names) -> type[Policy]:
    """A policy that answers those questions only."""
    return type("Some", (Policy,), {name: lambda *_: None for name in names})


@pytest.mark.parametrize("lacking", QUESTIONS)
def test_a_policy_without_an_answer_cannot_be_made(lacking):
    """The error names the method that is missing."""
    rest = [name for name in QUESTIONS if name != lacking]
    with pytest.raises(TypeError, match=lacking):
        policy_of(rest)()


def test_four_answers_are_enough():
    """Nothing else is asked of a policy."""
    assert policy_of(QUESTIONS)().propose() is None
