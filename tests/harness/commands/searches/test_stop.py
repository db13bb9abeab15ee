from harness.commands import cli
from harness.driver import asking
from results.writing import requests


def test_a_search_that_nobody_drives_is_refused(driven, capsys):
    """Also after its end; one sentence, and exit code 2."""
    driven.run()
    driven.writer.close()
    words = ["--store", str(driven.store.storage.root)]
    for arguments in (["stop", "s"], ["stop", "s", "t-00001"]):
        assert cli.run([*arguments, *words]) == cli.USAGE
        said = "`name` must be a search that runs, and nobody drives s now."
        assert said in capsys.readouterr().err


def test_a_driver_that_does_not_answer_is_told_of(driven, capsys, monkeypatch):
    """Exit code 1, as it is not done; the wish stands."""
    monkeypatch.setattr(asking, "WAIT_S", 0.1)
    words = ["stop", "s", "--store", str(driven.store.storage.root)]
    assert cli.run(words) == 1
    assert "not taken yet" in capsys.readouterr().err
    storage, epoch = driven.store.storage, driven.writer.driver_epoch
    (asked,) = requests.pending(storage, "s", epoch)
    assert requests.wish_of(storage, asked)["kind"] == "stop"


def test_an_interruption_takes_the_wish_back(driven, monkeypatch):
    """Ctrl-C while the answer is waited for: the search is left alone."""

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(asking.time, "sleep", interrupted)
    words = ["stop", "s", "--store", str(driven.store.storage.root)]
    assert cli.run(words) == cli.INTERRUPTED
    epoch = driven.writer.driver_epoch
    assert requests.pending(driven.store.storage, "s", epoch) == []
