"""The connection to Ray: what it changes in this process, and that it is put back."""

import logging
import os
import signal

import pytest
import ray
from ray._private import node

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


def test_a_connection_that_cannot_be_closed_is_logged(monkeypatch, caplog):
    """What Ray raises at the end ends no command, and its traceback is kept."""

    def fail() -> None:
        raise RuntimeError("the cluster has gone")

    monkeypatch.setattr(ray, "shutdown", fail)
    connection._shut_down()
    assert "RuntimeError: the cluster has gone" in caplog.text


@pytest.mark.ray
def test_a_local_cluster_lasts_as_long_as_the_connection(monkeypatch):
    """It has the cores that were asked for, and leaves no handler behind."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    before = {number: signal.getsignal(number) for number in connection.SIGNALS}
    starts = {name: getattr(node.Node, name) for name in connection.IDLE}
    with connection.connected(None, 2) as (slots, _):
        assert slots == 2
        assert ray.cluster_resources()["CPU"] == 2
        assert before == {n: signal.getsignal(n) for n in connection.SIGNALS}
        assert starts == {name: getattr(node.Node, name) for name in connection.IDLE}
    assert not ray.is_initialized()
