"""Seconds of a joint update, and what bounds it.

A lane alone takes updates on the same batches again and again. Networks and batches
are those of a preset; the images are noise, whose values change no time. Nothing is
trained to an end here.

The roofline: an update has to multiply and add so many numbers, and to read and
write what its operations take and give (an upper limit: small arrays stay in the
caches). The machine's two speeds are measured in the same run.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from cnets import presets
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.data.readers import synthetic
from cnets.training import schedule
from cnets.training.bank import Bank
from cnets.training.batches import inputs
from cnets.training.lanes.stack import Stack
from cnets.training.updates import joint


FRAMES = 1000
"""Rows of the data; more change nothing."""

RATE = 1e-3

Update = Callable[[], object]


class Bytes(TorchDispatchMode):
    """Adds up what every operation reads and writes; views are free."""

    def __init__(self) -> None:
        """Start at zero."""
        super().__init__()
        self.moved = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run the operation and count its tensors."""
        made = func(*args, **(kwargs or {}))
        if not func.is_view and "empty" not in func.__name__:
            tensors = pytree.tree_leaves((args, kwargs, made))
            self.moved += sum(
                t.numel() * t.element_size() for t in tensors if isinstance(t, Tensor)
            )
        return made


def noise(one: TrainConfig) -> HandData:
    """Poses of the embedded set with images that show nothing."""
    labels, side_px = synthetic.labels(FRAMES), one.networks.side_px
    crops = np.random.default_rng(0).uniform(-1, 1, (FRAMES, side_px, side_px))
    return HandData(
        name="noise",
        fingerprint="0" * 64,
        skeleton=labels.skeleton,
        camera=labels.camera,
        crops=crops.astype(np.float16),
        joints_mm=labels.joints_mm,
        centres_mm=labels.centres_mm,
        person=labels.person,
        split=labels.splits["person"],
    )


def prepared(bank: Bank, one: TrainConfig) -> Update:
    """One update of a lane of its own; its batches come round again and again."""
    modules = bank.modules(one)
    stack = Stack(
        [bank.lane(one)], {name: modules[name] for name in schedule.NETWORKS["joint"]}
    )
    rate = torch.tensor([RATE], dtype=bank.frames.dtype, device=bank.device)
    drawn = list(inputs.of_epoch(bank.frames, one, "joint", 0))
    every = [{n: t.unsqueeze(0) for n, t in batch.items()} for batch in drawn]
    made = 0

    def step() -> dict[str, Tensor]:
        nonlocal made
        made += 1
        return joint.update(stack, every[(made - 1) % len(every)], rate)

    return step


def seconds(update: Update, device: torch.device, times: int = 1) -> float:
    """Time of an update, the mean of some."""
    began = time.perf_counter()
    for _ in range(times):
        update()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - began) / times


def attainable(device: torch.device) -> tuple[float, float]:
    """Most operations a second (of a product and a convolution), and bytes a second."""
    square = torch.randn(1024, 1024, device=device)
    images = torch.randn(256, 64, 16, 16, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(64, 64, 3, 3, device=device)
    large = torch.randn(1 << 26, device=device)
    goal = torch.zeros_like(large)

    def product() -> Tensor:
        return square @ square

    def convolution() -> Tensor:
        return torch.conv2d(images, kernel, padding=1)

    def copy() -> Tensor:
        return goal.copy_(large)

    counts = {
        product: 2 * 1024**3,
        convolution: 2 * images.numel() * 64 * 9,
        copy: 2 * large.numel() * large.element_size(),
    }
    speeds = {}
    for work, count in counts.items():
        work()
        spent = min(seconds(work, device) for _ in range(10))
        speeds[work] = count / spent
    return max(speeds[product], speeds[convolution]), speeds[copy]


def counted(update: Update) -> tuple[int, int]:
    """Operations of an update's products and convolutions, and its bytes."""
    with FlopCounterMode(display=False) as flops:
        update()
    with Bytes() as read:
        update()
    return flops.get_total_flops(), read.moved


def measure(one: TrainConfig, device: torch.device, turns: int) -> dict[str, Any]:
    """All figures of a preset, by name."""
    update = prepared(Bank(noise(one), device), one)
    seconds(update, device, 3)
    spent = [seconds(update, device) for _ in range(turns)]
    flops, moved = counted(update)
    flops_per_s, bytes_per_s = attainable(device)
    bounds = {"arithmetic": flops / flops_per_s, "memory": moved / bytes_per_s}
    bound = max(bounds, key=lambda name: bounds[name])
    update_s = statistics.median(spent)
    return {
        "update_s": update_s,
        "least_s": min(spent),
        "gflop": flops / 1e9,
        "mbytes": moved / 1e6,
        "attainable_gflop_per_s": flops_per_s / 1e9,
        "attainable_gbytes_per_s": bytes_per_s / 1e9,
        "arithmetic_s": bounds["arithmetic"],
        "memory_s": bounds["memory"],
        "bound": bound,
        "times_the_bound": update_s / bounds[bound],
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=tuple(presets.PRESETS), default="small")
    parser.add_argument("--batch", type=int, help="batch size of the joint stage")
    parser.add_argument("--turns", type=int, default=40, help="updates that are timed")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    for name in ("turns", "threads"):
        if not getattr(options, name) >= 1:
            parser.error(f"--{name} must be 1 or more.")
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    one = presets.preset(options.preset).replace({"networks.joints": 21})
    if options.batch is not None:
        one = one.replace({"joint.batch_size": options.batch})
    figures: dict[str, Any] = {
        "preset": options.preset,
        "batch": one.joint.batch_size,
        "threads": options.threads,
        "device": str(device),
        "torch": torch.__version__,
    }
    figures |= measure(one.replace({"joint.steps": 4}), device, options.turns)
    if options.format == "json":
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(
            f"{name:32} {value:.4g}"
            if isinstance(value, float)
            else f"{name:32} {value}"
        )


if __name__ == "__main__":
    main()
