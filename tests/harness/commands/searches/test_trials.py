import pytest

from harness.commands import cli


def test_the_next_driver_takes_the_number(driven, capsys):
    """Where nobody drives the search it is stored for who goes on with it."""
    driven.writer.close()
    words = ["trials", "s", "7", "--store", str(driven.store.storage.root)]
    assert cli.run(words) == cli.DONE
    assert "goes on with 7 trials in all" in capsys.readouterr().out
    assert driven.store.wanted("s") == 7


@pytest.mark.parametrize("number", ["0", "-2", "many"])
def test_refuses(driven, capsys, number):
    """What is no number of trials."""
    words = ["trials", "s", number, "--store", str(driven.store.storage.root)]
    assert cli.run(words) == cli.USAGE
    assert "number" in capsys.readouterr().err.lower()
    assert driven.store.wanted("s") == 12
