"""What options are for, and the words for their values."""

import dataclasses
from collections import Counter

from harness.commands import option_groups
from harness.commands.table import COMMANDS


def test_an_option_has_one_group_and_some_command_has_it():
    """No name stands twice, and none is left from an option that has gone."""
    grouped = [name for inside in option_groups.GROUPS.values() for name in inside]
    assert max(Counter(grouped).values()) == 1
    known = {
        field.name
        for command in COMMANDS.values()
        for field in dataclasses.fields(command.options)
    }
    assert {*grouped, *option_groups.VALUES} <= known


def test_others_are_about_the_answer():
    """Such as the format; what a search takes has groups of its own."""
    assert option_groups.of("format") == "answer"
    assert option_groups.of("trials") == "how long"
