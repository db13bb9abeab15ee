"""Tests of `harness.driver.signals`: where an interruption strikes."""

import os
import signal
import threading

import pytest

from harness.driver.signals import Signals, caught


def send(number: int) -> None:
    """Send this process a signal, as a terminal or Slurm does."""
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_interrupt_at_once(number):
    """Outside a shield the next statement is not reached."""
    reached = False
    with caught(), pytest.raises(KeyboardInterrupt):  # noqa: PT012
        send(number)
        reached = True
    assert not reached


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_shielded_part_is_finished_first(number):
    """The signal strikes at the end of the outermost shield, and at later ones."""
    done = []
    with caught() as signals:
        with pytest.raises(KeyboardInterrupt), signals.shield():  # noqa: PT012
            with signals.shield():
                send(number)
                done.append("inner")
            done.append("outer")
        done.append("after")
        with pytest.raises(KeyboardInterrupt), signals.shield():
            done.append("again")
    assert done == ["inner", "outer", "after", "again"]


def test_waiting_inside_a_shield_can_be_interrupted():
    """`sleep` raises though the part is shielded."""
    with caught() as signals, pytest.raises(KeyboardInterrupt), signals.shield():  # noqa: PT012
        send(signal.SIGTERM)
        signals.sleep(0.001)
        pytest.fail("The wait went on.")


def test_the_handlers_of_before_come_back():
    """Also after an interruption."""
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt), caught():  # noqa: PT012
        assert signal.getsignal(signal.SIGINT) != before[0]
        send(signal.SIGINT)
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_another_thread_sets_nothing():
    """A search in a notebook's thread does not touch the handlers."""
    found = []

    def look() -> None:
        with caught() as signals:
            found.append(signal.getsignal(signal.SIGINT))
            signals.check()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]


def test_an_exception_inside_a_shield_is_not_replaced():
    """The error of the shielded part is what the caller sees."""
    signals = Signals()
    with pytest.raises(ValueError, match="inside"), signals.shield():  # noqa: PT012
        signals.handle(signal.SIGINT, None)
        raise ValueError("inside")
    with pytest.raises(KeyboardInterrupt):
        signals.check()


def test_a_terminal_that_closes_interrupts():
    """SIGHUP ends a search in order, as Ctrl-C does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored after `nohup`
    try:
        with pytest.raises(KeyboardInterrupt), caught():  # noqa: PT012
            send(signal.SIGHUP)
            pytest.fail("It went on.")
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_is_ignored_stays_ignored():
    """After `nohup` the terminal may close."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with caught():
            send(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
