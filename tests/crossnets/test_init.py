"""The public names: what they are, and what opening the package costs."""

import subprocess
import sys

import pytest

import crossnets
from harness import finals, search
from harness.definition import options


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("Finals", finals),
        ("Search", search),
        ("SearchOptions", options),
        ("rerun", finals),
        ("search", search),
    ],
)
def test_every_public_name_is_that_of_its_module(name, home):
    """A name of the package is the very thing that its module defines."""
    assert name in crossnets.__all__
    assert getattr(crossnets, name) is getattr(home, name)


def test_there_are_no_more():
    """What `__all__` lists is what was compared above."""
    assert len(crossnets.__all__) == 5


def test_another_name_is_an_attribute_error():
    """The error names the package and what was asked for."""
    with pytest.raises(AttributeError, match="'crossnets' has no attribute 'nope'"):
        crossnets.nope  # noqa: B018


def test_opening_is_light():
    """Importing the package loads neither the harness nor what it needs."""
    code = "import crossnets, sys; print(*{n.split('.')[0] for n in sys.modules})"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    heavy = {"harness", "cnets", "results", "search_spaces", "ray", "torch", "optuna"}
    assert not set(done.stdout.split()) & heavy
