import dataclasses

import pytest

from harness.commands.table import COMMANDS


def test_no_two_commands_share_options_or_function():
    """Each name leads to a module of its own."""
    homes = [command.options.__module__ for command in COMMANDS.values()]
    assert len(set(homes)) == len(COMMANDS) == 23
    assert [command.run.__module__ for command in COMMANDS.values()] == homes


@pytest.mark.parametrize("name", COMMANDS)
def test_options_cannot_be_changed(name):
    """They are frozen dataclasses, and their docstring is a sentence."""
    options = COMMANDS[name].options
    assert dataclasses.is_dataclass(options)
    assert options.__dataclass_params__.frozen
    assert (options.__doc__ or "").splitlines()[0].endswith(".")
