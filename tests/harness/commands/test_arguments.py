from typing import get_args

import pytest

from cnets.config import SIDES_PX
from harness.commands import arguments, parsing
from harness.commands.searches.search import Search
from harness.commands.table import COMMANDS
from harness.definition.options import SearchOptions


NEEDED = {
    "predict": ["f", "--model", "m", "--camera", "nyu"],
    "evaluate": ["f", "--data", "nyu:d"],
    "export": ["m", "--out", "o"],
    "train": [],
    "doctor": [],
}
"""Words without which a command is refused; for the others one is enough."""


def having(option: str) -> list[str]:
    """The commands that have an option."""
    return [n for n, c in COMMANDS.items() if option in c.options.__dataclass_fields__]


def test_the_options_of_a_search_leave_out_the_rest():
    """Name, store and device are the command's; every other value is kept."""
    typed = Search(name="s", store="x", device="cpu", trials=5, ratios="0.1")
    assert arguments.search_options(typed) == SearchOptions(trials=5, ratios="0.1")


def test_a_side_is_one_that_networks_can_be_built_for():
    """The command line says the same as the configuration."""
    assert get_args(arguments.Side) == SIDES_PX


@pytest.mark.parametrize("name", having("format"))
def test_a_wrong_format_is_refused_before_anything_runs(name):
    """While words are parsed, for every command that prints a table."""
    kind = COMMANDS[name].options
    known = ", ".join(get_args(kind.__dataclass_fields__["format"].type))
    rule = f"`--format` must be one of {known}, got 'xml'."
    with pytest.raises(parsing.Usage, match=f"^{rule}$"):
        parsing.parse([*name.split(), *NEEDED.get(name, ["s"]), "--format", "xml"])


@pytest.mark.parametrize("name", having("device"))
def test_a_wrong_device_is_refused_before_anything_runs(name):
    """`gpu` is what others call it; only some commands choose by themselves."""
    kind = COMMANDS[name].options
    device = kind.__dataclass_fields__["device"]
    known = get_args(device.type)
    assert known == (("auto",) if device.default == "auto" else ()) + ("cpu", "cuda")
    with pytest.raises(parsing.Usage, match=r"`--device` must be one of .*got 'gpu'"):
        parsing.parse([*name.split(), *NEEDED.get(name, ["s"]), "--device", "gpu"])
