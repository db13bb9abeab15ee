"""The connection to Ray: what it changes in this process, and that it is put back."""

import importlib
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import ray

import cnets
import harness
import results
from harness.cluster import connection


class TestQuietly:
    def test_everything_is_put_back(self, monkeypatch):
        """Variables that were set or missing, and log levels, also after an error."""
        known, missing = list(connection.QUIET)[:2]
        monkeypatch.setenv(known, "before")
        monkeypatch.delenv(missing, raising=False)
        levels = {name: logging.getLogger(name).level for name in connection.LEVELS}
        with pytest.raises(ZeroDivisionError), connection.quietly():  # noqa: PT012
            assert {
                key: os.environ[key] for key in connection.QUIET
            } == connection.QUIET
            assert logging.getLogger("ray").level == logging.CRITICAL
            raise ZeroDivisionError
        assert os.environ[known] == "before"
        assert missing not in os.environ
        assert levels == {
            name: logging.getLogger(name).level for name in connection.LEVELS
        }


class TestSignalsPutBack:
    @pytest.mark.parametrize("number", connection.SIGNALS)
    def test_a_handler_that_was_set_meanwhile_goes(self, number):
        """What Ray or Tune would do at a signal is undone."""
        before = signal.getsignal(number)
        with connection.signals_put_back():
            signal.signal(number, signal.SIG_IGN)
        assert signal.getsignal(number) is before


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "host:port"])
def test_an_address_without_a_cluster_is_refused(address):
    """The sentence says the rule and the address, and does not take long."""
    rule = r"`address` must be auto or the HOST:PORT of a Ray cluster"
    with pytest.raises(ValueError, match=rule), connection.cluster(address):
        pytest.fail("There is no cluster.")
    assert not ray.is_initialized()


def test_an_address_of_the_environment_is_named_as_such(monkeypatch):
    """Who set RAY_ADDRESS has typed no `address`."""
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    rule = r"`RAY_ADDRESS` must be auto or the HOST:PORT of a Ray cluster"
    with pytest.raises(ValueError, match=rule), connection.connected(None, 1):
        pytest.fail("There is no cluster.")


@pytest.mark.parametrize(("device", "count"), [("cpu", 64), ("cuda", 1)])
def test_how_many_trials_at_once(device, count):
    """A GPU that trials do not use does not take the cores from them."""
    assert connection.trials_at_once(device, cpus=64, gpus=1) == count


class TestAuto:
    def test_what_ray_says_is_in_the_sentence(self, monkeypatch):
        """Without RAY_ADDRESS Ray is asked, and the last line of its error told."""
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        monkeypatch.setattr(connection, "ASK", "raise ConnectionError('none here')")
        sentence = (
            r"there is none at 'auto' .*RAY_AUTH_MODE.*ConnectionError: none here"
        )
        with (
            pytest.raises(ValueError, match=sentence),
            connection.cluster("auto"),
        ):
            pytest.fail("There is no cluster.")

    def test_one_that_takes_too_long_is_ended(self, monkeypatch):
        """The search does not wait longer than `ASK_S`."""
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        monkeypatch.setattr(connection, "ASK", "import time; time.sleep(60)")
        monkeypatch.setattr(connection, "ASK_S", 0.5)
        with (
            pytest.raises(ValueError, match=r"at 'auto' .* timed out after 0\.5"),
            connection.cluster("auto"),
        ):
            pytest.fail("There is no cluster.")

    @pytest.mark.slow
    def test_a_dead_cluster_is_given_up_soon(self):
        """Ray obeys the settings for it; by itself it asks for a quarter of an hour."""
        began_s = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", connection.ASK.replace('"auto"', '"127.0.0.1:1"')],
            env=os.environ | connection.IMPATIENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=connection.ASK_S,
        )
        assert "ConnectionError" in done.stderr.splitlines()[-1]
        assert time.monotonic() - began_s < 35


def test_a_connection_that_cannot_be_closed_is_logged(monkeypatch, caplog):
    """What Ray raises at the end ends no command, and its traceback is kept."""

    def fail() -> None:
        raise RuntimeError("the cluster has gone")

    monkeypatch.setattr(ray, "shutdown", fail)
    connection._shut_down()
    assert "RuntimeError: the cluster has gone" in caplog.text


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of a connection to a local cluster."""

    slots: int
    cores: float
    """As Ray counts them."""
    handlers: tuple[list[Any], list[Any]]
    """Those of signals before the connection and in it."""
    places: list[str | None]
    """Files of our packages in a worker."""
    folders: tuple[Path, Path]
    """The one of this process before and after."""


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> Seen:
    """One cluster of two cores for three tests.

    It is started in a folder with packages of the names of ours, while the temporary
    folder's name is too long for Ray's sockets.
    """
    folder = tmp_path_factory.mktemp("other")
    for name in ("cnets", "harness"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise RuntimeError('other')")
    (folder / "results.py").write_text("raise RuntimeError('other')")
    (folder / ("x" * 80)).mkdir()

    def handlers() -> list[Any]:
        return [signal.getsignal(number) for number in connection.SIGNALS]

    @ray.remote
    def places() -> list[str | None]:
        names = ("cnets", "harness", "results")
        return [importlib.import_module(name).__file__ for name in names]

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv("TMPDIR", str(folder / ("x" * 80)))
        patch.chdir(folder)
        before = handlers()
        with connection.connected(None, 2) as (slots, _):
            return Seen(
                slots=slots,
                cores=ray.cluster_resources()["CPU"],
                handlers=(before, handlers()),
                places=ray.get(places.remote()),
                folders=(folder, Path.cwd()),
            )


@pytest.mark.ray
def test_a_local_cluster_lasts_as_long_as_the_connection(local):
    """It has the cores that were asked for, and leaves no handler behind."""
    assert (local.slots, local.cores) == (2, 2)
    before, inside = local.handlers
    assert before == inside
    assert not ray.is_initialized()


@pytest.mark.ray
def test_workers_import_what_the_driver_has_imported(local):
    """Packages and modules in the folder that a search is started in are not taken."""
    assert local.places == [module.__file__ for module in (cnets, harness, results)]
    here, inside = local.folders
    assert inside == here


@pytest.mark.ray
@pytest.mark.usefixtures("local")
def test_a_long_temporary_folder():
    """A cluster started all the same, and no variable is left of it."""
    assert "RAY_TMPDIR" not in os.environ


@pytest.mark.parametrize(
    ("address", "named", "said"),
    [
        (None, None, "starting Ray, about 6 s"),
        ("local", None, "starting Ray, about 6 s"),
        ("auto", None, "joining the Ray cluster auto"),
        (None, "10.0.0.1:6379", "joining the Ray cluster 10.0.0.1:6379"),
    ],
)
def test_what_is_waited_for(monkeypatch, address, named, said):
    """A cluster of one's own takes a moment; another one is named."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if named is not None:
        monkeypatch.setenv("RAY_ADDRESS", named)
    assert connection.awaited(address) == said
