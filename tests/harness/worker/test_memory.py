import gc
import weakref

import numpy as np
import pytest
import torch

from harness.worker import memory


def raised(action) -> BaseException:
    """What an action raises."""
    with pytest.raises(Exception) as found:  # noqa: PT011
        action()
    return found.value


@pytest.mark.parametrize(
    "action",
    [
        lambda: torch.empty(2**50),
        lambda: np.empty(2**50),
        lambda: bytearray(2**60),
    ],
    ids=["torch", "numpy", "python"],
)
def test_what_really_lacks_memory_is_found(action):
    """The allocators of torch, NumPy and Python, asked for a petabyte and more."""
    said = memory.shortage(raised(action))
    assert said is not None
    assert said.startswith("out of memory: ")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "MemoryError"),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried 2 GiB."),
            "CUDA out of memory. Tried 2 GiB",
        ),
        (RuntimeError("CUDA error: out of memory\nMore."), "CUDA error: out of memory"),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `x`"),
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `x`",
        ),
        (
            RuntimeError(
                "[enforce fail at a.cpp:1] . DefaultCPUAllocator: not enough"
                " memory: you tried to allocate 8 bytes."
            ),
            "DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes",
        ),
    ],
)
def test_words_of_the_libraries(error, said):
    """The first line is kept, without the place in the source."""
    assert memory.shortage(error) == f"out of memory: {said}"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        ValueError("out of memory"),
        OSError(28, "No space left on device"),
    ],
)
def test_other_failures_are_none(error):
    """A wrong shape, a sentence of our own and a full disk are something else."""
    assert memory.shortage(error) is None


def test_what_refers_to_itself_is_given_back():
    """Arrays that only a cycle holds are gone afterwards."""

    class Knot:
        """Something that holds itself."""

    gc.disable()
    try:
        knot = Knot()
        knot.self, knot.array = knot, np.zeros(3)
        left = weakref.ref(knot)
        del knot
        assert left() is not None
        memory.give_back()
        assert left() is None
    finally:
        gc.enable()


@pytest.mark.gpu
def test_memory_of_the_gpu_is_back(device):
    """After an allocation that failed, the device is as free as before it."""
    if device.type != "cuda":
        pytest.skip("needs --device cuda")
    before, total = torch.cuda.mem_get_info(device)
    held = [torch.zeros(2**28, device=device)]
    with pytest.raises(torch.OutOfMemoryError):
        held.append(torch.zeros(2**40, device=device))
    held.clear()
    memory.give_back()
    after, _ = torch.cuda.mem_get_info(device)
    assert abs(after - before) < 0.05 * total
