"""Where a run trains: what it does to the process it is in."""

import torch

from harness.worker.train_runner import TrainRunner


def test_one_thread_is_used(job):
    """Sums depend on the number of threads, so it is always one."""
    torch.set_num_threads(2)
    TrainRunner(job)
    assert torch.get_num_threads() == 1
