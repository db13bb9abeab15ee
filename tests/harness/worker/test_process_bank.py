"""The bank of a process: its data, its beats, and data that have changed."""

import pytest

from harness.worker import process_bank


class TestBeats:
    def test_one_an_update_and_one_a_part_of_an_evaluation(self, job):
        """Three updates of the VAE; in a joint epoch two and one part of frames."""
        bank = process_bank.bank(job.data, "cpu")
        lane = bank.lane(job.config)
        beats = []
        for stage, count in (("vae", 3), ("gan", 2), ("warm_up", 3), ("joint", 3)):
            beats.clear()
            assert lane.stage == stage
            bank.advance([lane], lambda: beats.append(1))
            assert len(beats) == count, stage

    def test_a_failure_leaves_the_shared_networks_in_training(self, job):
        """What ran out of memory in an evaluation spoils no later run."""
        bank = process_bank.bank(job.data, "cpu")
        lane = bank.lane(job.config)
        rows = bank.data.rows("validation")
        del lane.flat["trunk"]
        with pytest.raises(KeyError):
            bank.judge.predict(lane, rows)
        assert bank.modules(job.config)["trunk"].training


def test_data_that_have_changed_are_refused(job):
    """A fingerprint that differs is named with the data."""
    with pytest.raises(ValueError, match="synthetic:40 has changed"):
        process_bank.same_data(job.data, "0" * 64)
    process_bank.same_data(
        job.data, process_bank.bank(job.data, "cpu").data.fingerprint
    )


def test_data_are_opened_once_for_all_runs(job):
    """The same choice gives the same bank; another number of rows another one."""
    bank = process_bank.bank(job.data, "cpu")
    assert process_bank.bank(job.data, "cpu") is bank
    assert process_bank.bank(job.data, "cpu", 3) is not bank
