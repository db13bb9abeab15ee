import json

import pytest

from harness.worker import failures, guard


LOG = """Failure # 1 (occurred at 2026-11-23_00-10-02)
ray::Trial.train() (pid=1)
  File "a.py", line 3, in step
    raise ValueError("first")
ValueError: first

Failure # 2 (occurred at 2026-11-23_00-10-04)
"""
"""A log of two failures, the second still to be told."""

DEAD = """The actor died unexpectedly before finishing this task.
\tclass_name: Trial
The actor is dead because its worker process has died.
"""

LACKING = """1 worker(s) were killed due to the node running low on memory. \
Memory on the node (IP: 192.0.2.2, ID: 238c) was 22.49GB used / 23.54GB limit (0.955)
OOM kill reason: Memory usage 2B exceeded threshold of 1B
"""


@pytest.mark.parametrize(
    ("second", "said", "again"),
    [
        ("ray.exceptions.X\nOSError: second\n", "OSError: second", False),
        (DEAD, "The actor is dead because its worker process has died.", False),
        (
            DEAD + "The actor never ran - it was cancelled before it started running.",
            "The actor is dead because its worker process has died.",
            False,
        ),
        (
            LACKING,
            "out of memory: 22.49GB of 23.54GB of the machine were in use, and the "
            "memory monitor of Ray ended the worker.",
            True,
        ),
        ("", "The trial failed and left no message.", False),
    ],
    ids=["exception", "dead", "never started", "memory", "nothing"],
)
def test_the_newest_failure_is_told(tmp_path, second, said, again):
    """What an earlier failure said is not taken for the reason of a later one."""
    (tmp_path / "error.txt").write_text(LOG + second)
    assert failures.read(tmp_path / "error.txt", "t-00001") == (said, again)


def test_no_log_is_no_error(tmp_path):
    """A trial that left nothing has a sentence all the same."""
    said = ("The trial failed and left no message.", False)
    assert failures.read(None, "t-00001") == said
    assert failures.read(tmp_path / "error.txt", "t-00001") == said


def test_a_note_comes_first_and_once(tmp_path):
    """The watchdog's reason is used for one failure, then Ray's words again."""
    folder = tmp_path / "t-00001"
    folder.mkdir()
    (folder / guard.NOTE).write_text(json.dumps({"reason": "hung: no update"}))
    (tmp_path / "error.txt").write_text(LOG + DEAD)
    read = [failures.read(tmp_path / "error.txt", "t-00001", tmp_path) for _ in "ab"]
    assert read[0] == ("hung: no update", False)
    assert read[1][0].startswith("The actor is dead")
