import logging
import threading
import time

import pytest

from results.format.storage import StorageError
from results.writing import background
from results.writing.background import Background


@pytest.fixture(autouse=True)
def never_by_itself(monkeypatch):
    """The thread works only when it is woken."""
    monkeypatch.setattr(background, "FLUSH_S", 1000.0)
    monkeypatch.setattr(background, "AGAIN_S", 1000.0)


class Work:
    """Counts its calls; each gives the next answer, or raises it."""

    def __init__(self, *answers):
        """Answers after the given ones are True."""
        self._answers = list(answers)
        self.calls = 0
        self.done = threading.Semaphore(0)

    def __call__(self):
        """One more call."""
        self.calls += 1
        answer = self._answers.pop(0) if self._answers else True
        self.done.release()
        if isinstance(answer, Exception):
            raise answer
        return answer


def run(work, is_troubled=lambda: False):
    """A background that does some work."""
    return Background("work", work, is_troubled)


def test_works_when_woken():
    """It works once each time it is woken, and not before."""
    work = Work()
    thread = run(work)
    assert not work.done.acquire(timeout=0.1)
    for calls in (1, 2):
        thread.wake()
        assert work.done.acquire(timeout=5)
        assert work.calls == calls
    thread.close()
    thread.join()


@pytest.mark.parametrize(
    ("is_troubled", "name"), [(True, "AGAIN_S"), (False, "FLUSH_S")]
)
def test_works_by_itself(monkeypatch, is_troubled, name):
    """It works after `FLUSH_S`, or after `AGAIN_S` while there is trouble."""
    monkeypatch.setattr(background, name, 0.01)
    work = Work()
    thread = run(work, lambda: is_troubled)
    assert work.done.acquire(timeout=5)
    thread.close()
    thread.join()


def test_a_failure_of_the_store_is_outlived(monkeypatch):
    """After one it goes on, once `AGAIN_S` is over."""
    monkeypatch.setattr(background, "AGAIN_S", 0.05)
    work = Work(StorageError("Cannot write: full."))
    thread = run(work)
    thread.wake()
    assert work.done.acquire(timeout=5)
    thread.wake()
    assert work.done.acquire(timeout=5)
    thread.close()
    thread.join()


def test_a_close_cuts_the_wait_short():
    """Closed while it waits after a failure, it ends at once."""
    work = Work(StorageError("Cannot write: full."))
    thread = run(work)
    thread.wake()
    assert work.done.acquire(timeout=5)
    before = time.monotonic()
    thread.close()
    thread.join()
    assert time.monotonic() - before < 5


def test_work_may_end_it():
    """When the work says so, the thread ends without being closed."""
    work = Work(False)
    thread = run(work)
    thread.wake()
    thread.join()
    assert work.calls == 1


def test_what_nobody_foresaw_is_kept_and_logged(caplog):
    """The thread ends knowingly: the error is kept as it was, with its traceback."""
    error = RuntimeError("a defect")
    work = Work(error)
    thread = run(work)
    assert thread.failure is None
    thread.wake()
    thread.join()
    assert thread.failure is error
    assert work.calls == 1
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.name == "crossnets.store"
    assert record.exc_info[1] is error
