"""Tests of `harness.worker.device`: a GPU that is not there is refused."""

import pytest

from harness.worker import device


@pytest.mark.parametrize("gpu", [True, False])
def test_the_processor_is_always_there(monkeypatch, gpu):
    """With a GPU and without."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    device.check("cpu")


def test_a_gpu_is_looked_for(monkeypatch):
    """One sentence, which may say where the wish comes from."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    device.check("cuda")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match=r"no GPU, got 'cuda', as before\."):
        device.check("cuda", ", as before")
