"""Tests of `harness.driver.display.tensorboard`: what the files hold, and a disk that takes none."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboardX.proto.event_pb2 import Event

from cnets import presets
from harness.definition.trial import Proposal
from harness.driver.display.tensorboard import Board
from harness.driver.recording.tracked import Tracked


@pytest.fixture
def trial() -> Tracked:
    """A trial that runs."""
    proposal = Proposal(
        trial="t-00001",
        number=1,
        ratio=1.0,
        values={},
        origin="random",
        config=presets.preset("tiny"),
    )
    return Tracked(proposal, state="running")


def events(path: Path) -> list[Event]:
    """The events of a file: length, checksum, content and checksum of each."""
    data, found = path.read_bytes(), []
    while data:
        size = int.from_bytes(data[:8], "little")
        found.append(Event.FromString(data[12 : 12 + size]))
        data = data[16 + size :]
    return found


def test_every_figure_is_there_once(tmp_path, trial, make_report):
    """Terms and figures by stage, at their epoch."""
    board = Board(tmp_path, pytest.fail)
    board(trial, make_report(1, 30.0))
    board(trial, make_report(2, 25.0))
    trial.state = "completed"
    board(trial, None)
    (path,) = (tmp_path / "t-00001").iterdir()
    scalars = {
        (value.tag, event.step): value.simple_value
        for event in events(path)
        for value in event.summary.value
    }
    assert scalars["joint/mean_joint_error_mm", 1] == 30.0
    assert scalars["joint/mean_joint_error_mm", 2] == 25.0
    assert scalars["joint/depth_reconstruction", 2] == 0.25
    assert len(scalars) == 2 * 4


def test_pictures_come_back_as_they_were(tmp_path, trial, make_report):
    """PNG keeps every number."""
    drawn = np.random.default_rng(0).integers(0, 256, (8, 6, 3), np.uint8)
    board = Board(tmp_path, pytest.fail)
    board(trial, make_report(3, 30.0, pictures=drawn))
    board.close()
    (path,) = (tmp_path / "t-00001").iterdir()
    (value,) = [v for e in events(path) for v in e.summary.value if v.HasField("image")]
    png = Image.open(io.BytesIO(value.image.encoded_image_string))
    np.testing.assert_array_equal(np.asarray(png), drawn)


def test_a_disk_that_takes_nothing_ends_no_search(tmp_path, trial, make_report):
    """It is said once; when the disk takes files again they are written."""
    said: list[str] = []
    (tmp_path / "board").write_text("")
    board = Board(tmp_path / "board", said.append)
    for step in range(1, 30):
        board(trial, make_report(step, 30.0))
    assert said == ["Pictures and curves are not written: Not a directory."]
    (tmp_path / "board").unlink()
    board(trial, make_report(30, 20.0))
    board.close()
    (path,) = (tmp_path / "board" / "t-00001").iterdir()
    assert {event.step for event in events(path)} == {0, 30}


def test_a_full_disk_in_the_middle_ends_no_search(trial, make_report, tmp_path):
    """What cannot be flushed is dropped, and later reports try a new file."""
    said: list[str] = []
    board = Board(tmp_path, said.append)
    board(trial, make_report(1, 30.0))
    writer = board._writers["t-00001"]
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    writer._py_recordio_writer._writer.close()
    writer._py_recordio_writer._writer = full
    for step in range(2, 20):
        board(trial, make_report(step, 30.0))
    assert said == ["Pictures and curves are not written: No space left on device."]
    board.close()
    full.close()
