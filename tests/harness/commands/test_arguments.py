import pytest

from harness.commands import arguments
from harness.commands.searches.search import Search
from harness.definition.options import SearchOptions


def test_the_options_of_a_search_leave_out_the_rest():
    """Name, store and device are the command's; every other value is kept."""
    typed = Search(name="s", store="x", device="cpu", trials=5, ratios="0.1")
    assert arguments.search_options(typed) == SearchOptions(trials=5, ratios="0.1")


@pytest.mark.parametrize("value", ["xml", "", "Table"])
def test_other_formats_are_refused(value):
    """Both rules are named with the value."""
    with pytest.raises(ValueError, match=f"one of table, json, csv, got '{value}'"):
        arguments.check_format(value)
    with pytest.raises(ValueError, match=f"must be table or json, got '{value}'"):
        arguments.check_table_or_json(value)


def test_formats_there_are_pass():
    """CSV is for one table only."""
    for value in ("table", "json", "csv"):
        arguments.check_format(value)
    arguments.check_table_or_json("table")
    arguments.check_table_or_json("json")
    with pytest.raises(ValueError, match="got 'csv'"):
        arguments.check_table_or_json("csv")
