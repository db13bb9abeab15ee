"""Log files: bounded, their owner's alone, without passwords, and never a hindrance."""

import logging
import os
import stat
from pathlib import Path

import pytest

from harness.diagnosis import logs


CANARY = "CANARY5f0c9a"


@pytest.fixture
def path(tmp_path) -> Path:
    """A log in a folder that is not there yet."""
    return tmp_path / "logs" / "s" / logs.DRIVER


@pytest.fixture
def _alone():
    """No log of a worker before and after."""
    before = list(logs.LOGGER.handlers)
    yield
    for handler in set(logs.LOGGER.handlers) - set(before):
        logs.LOGGER.removeHandler(handler)
        handler.close()
    logs.LOGGER.setLevel(logging.NOTSET)


def ended(path: Path, error: Exception) -> Exception:
    """An error after it has ended what was kept in a log."""
    with pytest.raises(type(error)), logs.kept(path):
        raise error
    return error


class TestKept:
    def test_what_is_logged_meanwhile_is_there(self, path):
        """A line before and one after are not."""
        logs.LOGGER.info("before")
        with logs.kept(path):
            logs.LOGGER.info("t-%05d", 3)
        logs.LOGGER.info("after")
        (line,) = path.read_text("utf-8").splitlines()
        assert line.endswith(f"Z INFO {os.getpid()} t-00003")

    def test_nothing_is_made_where_nothing_is_logged(self, path):
        """Not even the folder."""
        with logs.kept(path):
            pass
        assert not path.parent.exists()

    def test_an_error_leaves_its_traceback_and_a_note(self, path):
        """The note names the file, and the error goes on as it was."""
        error = ended(path, RuntimeError("no such luck"))
        assert logs.place(error) == str(path)
        text = path.read_text("utf-8")
        assert "Traceback (most recent call last):" in text
        assert "RuntimeError: no such luck" in text

    def test_the_first_log_of_an_error_is_the_one_that_is_named(self, path, tmp_path):
        """Those around it do not change the note."""
        error = ended(path, RuntimeError("x"))
        assert ended(tmp_path / "outer.log", error) is error
        assert logs.place(error) == str(path)

    def test_an_error_that_was_not_logged_has_no_place(self):
        """Whatever else is noted about it."""
        error = ValueError("x")
        error.add_note("Something else.")
        assert logs.place(error) is None

    def test_folder_and_file_are_their_owners(self, path):
        """Whatever the umask is."""
        before = os.umask(0)
        try:
            ended(path, RuntimeError("x"))
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_it_is_bounded(self, path, monkeypatch):
        """The newest lines stay, in two files of the size that is allowed."""
        monkeypatch.setattr(logs, "MOST_BYTES", 2000)
        with logs.kept(path):
            for number in range(200):
                logs.LOGGER.info("line %d", number)
            logs.LOGGER.info("%s", "x" * 10 * logs.LONGEST)
        found = sorted(path.parent.iterdir())
        assert [p.name for p in found] == ["driver.log", "driver.log.1"]
        assert "line 199" in found[1].read_text("utf-8")
        assert found[1].stat().st_size <= 2000
        assert found[0].stat().st_size <= logs.LONGEST + 2000

    def test_no_password_of_an_address_is_told(self, path):
        """Neither in a message nor in a traceback."""
        with logs.kept(path):
            logs.LOGGER.info("at https://user:%s@host/x", CANARY)
        ended(path, RuntimeError(f"s3://{CANARY}@bucket is gone"))
        text = path.read_text("utf-8")
        assert CANARY not in text
        assert "https://***@host/x" in text

    def test_a_message_steers_no_terminal_and_imitates_no_record(self, path):
        """Escapes are shown, and a second line is set in."""
        with logs.kept(path):
            logs.LOGGER.info("a\x1b[2Jb\n2026-01-01T00:00:00Z INFO 1 all is well")
        first, second = path.read_text("utf-8").splitlines()
        assert first.endswith(r"a\x1b[2Jb")
        assert second.startswith("    2026")

    @pytest.mark.parametrize("place", ["file/logs/driver.log", "/proc/x/driver.log"])
    def test_one_that_cannot_be_written_hinders_nobody(
        self, tmp_path, monkeypatch, capfd, place
    ):
        """Nothing is printed, and the error is the run's own, without a note."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "file").touch()
        with logs.kept(Path(place)):
            logs.LOGGER.info("x")
        assert logs.place(ended(Path(place), RuntimeError("x"))) is None
        assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("_alone")
class TestWorker:
    def test_a_process_has_one_file(self, tmp_path):
        """However many trials it runs."""
        logs.of_worker(tmp_path)
        logs.of_worker(tmp_path)
        logs.LOGGER.info("t-00001")
        (path,) = tmp_path.iterdir()
        assert path.name.startswith("worker-")
        assert path.name.endswith(f"-{os.getpid()}.log")
        assert path.read_text("utf-8").count("t-00001") == 1


class TestUser:
    def test_it_is_where_such_files_are_kept(self, monkeypatch, tmp_path):
        """The folder that a user has set, or the usual one; a relative one is none."""
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        assert logs.of_user() == tmp_path / "state" / "crossnets" / "crossnets.log"
        monkeypatch.setenv("HOME", str(tmp_path))
        for state in ("", "relative"):
            monkeypatch.setenv("XDG_STATE_HOME", state)
            assert logs.of_user() == tmp_path / ".local/state/crossnets/crossnets.log"


def test_without_a_file_nothing_is_printed(capfd):
    """A program that uses the package decides what it shows."""
    logs.LOGGER.error("x")
    assert capfd.readouterr() == ("", "")
