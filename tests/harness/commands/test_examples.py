"""Two examples of each command; that they parse is in `test_help_page.py`."""

from harness.commands.examples import EXAMPLES
from harness.commands.table import COMMANDS


def test_every_command_has_them_and_nothing_else_does():
    """Also one that is new."""
    assert EXAMPLES.keys() == COMMANDS.keys()
