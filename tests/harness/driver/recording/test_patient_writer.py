"""Waiting for a store, by hand and on a disk that takes nothing."""

import pytest

from harness.driver.recording import patient_writer
from harness.driver.recording.patient_writer import PatientWriter
from results import SchemaMismatch


@pytest.fixture
def row():
    """A final run as a row."""
    return {
        "attempt": 1,
        "entrant": "t-00001",
        "look": 1,
        "state": "completed",
        "reason": "",
        "trial": "t-00001",
        "labelled_ratio": 1.0,
        "final_seed": 0,
        "split": "test",
        "frames": 10,
        "mean_joint_error_mm": 11.0,
        "frames_within_40mm": 0.5,
        "validation_mm": 9.0,
        "search_mm": 10.0,
        "mean_pose_mm": 40.0,
        "wall_time_s": 1.0,
        "config_json": "{}",
        "code_version": "test",
    }


class TestWait:
    def told(self, *troubles) -> tuple[list[str], list[float]]:
        """What is said and slept while those troubles follow each other."""
        said, slept, left = [], [], [*troubles, None]
        patient_writer.wait(lambda: left.pop(0), said.append, slept.append)
        assert left == []
        return said, slept

    def test_no_trouble_is_no_word(self):
        """It returns at once and says nothing."""
        assert self.told() == ([], [])

    def test_trouble_is_said_once_and_its_end_too(self):
        """Three questions are two pauses, one message, and one that it goes on."""
        said, slept = self.told("The disk is full.", "The disk is full.")
        assert said == [
            "Paused, and goes on by itself: The disk is full.",
            "The store can be written again; the search goes on.",
        ]
        assert slept == [patient_writer.ASK_EVERY_S] * 2

    def test_it_is_said_again_after_a_while(self, monkeypatch):
        """Without a least time between messages every question makes one."""
        monkeypatch.setattr(patient_writer, "TELL_EVERY_S", 0.0)
        said, _ = self.told("a", "b", "c")
        assert [line[-1] for line in said[:-1]] == ["a", "b", "c"]

    def test_what_sleep_raises_ends_it(self):
        """Ctrl-C while it waits is not held up."""

        def interrupted(_: float) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            patient_writer.wait(lambda: "full", lambda _: None, interrupted)


class TestPatientWriter:
    def test_rows_are_offered_until_they_are_taken(self, driven, table, row, full_disk):
        """The disk takes none; when there is space they are stored, once."""
        said: list[str] = []
        free = full_disk()
        writer = PatientWriter(driven.writer, said.append, lambda _: free())
        rows = [("finals", row | {"final_seed": seed}) for seed in (0, 1)]
        first, second = writer.append_many(rows)
        assert second == first + 1
        assert said[0].startswith("Paused, and goes on by itself: ")
        assert said[-1] == "The store can be written again; the search goes on."
        assert [r["final_seed"] for r in table(driven, "finals")] == [0, 1]

    def test_one_row_gives_its_number(self, driven, row):
        """Two rows that follow each other have numbers that do so."""
        writer = PatientWriter(driven.writer, pytest.fail)
        first = writer.append("finals", row)
        assert writer.append("finals", row | {"final_seed": 1}) == first + 1

    def test_a_row_that_no_table_has_is_not_waited_for(self, driven):
        """What waiting cannot mend is raised at once."""
        writer = PatientWriter(driven.writer, pytest.fail)
        with pytest.raises(SchemaMismatch):
            writer.append("finals", {"nothing": 1})
