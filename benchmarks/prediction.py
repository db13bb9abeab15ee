"""How many frames a second the posterior path reads, beside the paper's 90.

Every row runs the networks at the paper's size on one crop at a time, with
random weights; what counts is time, and each row's joints are compared with the
plain modules'. A row's time is the median of a window, and of several windows,
spread over the run, the one with the best median counts: other work on the
machine can only add time. The limit is what the faster of a large matrix
product and a large convolution reaches on one thread, times the threads.
"""

import argparse
import json
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cnets.cameras import CAMERAS
from cnets.config import TrainConfig
from cnets.data.crops import crop
from cnets.hands.skeleton import NYU36
from cnets.inference import onnx_graph
from cnets.inference.model import Model
from cnets.networks import crossing_net


PAPER_FRAMES_PER_S = 90.0
"""Wan et al. 2017, abstract: on a CPU of that time."""

TARGET_FRAMES_PER_S = 900.0

AGREEMENT_MM = 1e-3
"""Most that a row's joints may differ from the plain modules'."""

Run = Callable[[Tensor, Tensor], Tensor]
"""A crop and its centre to joints."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to run the path."""

    name: str
    runs: tuple[Run, ...]
    """One for each thread that reads frames of its own."""
    threads: int
    """Threads of torch while it runs."""


def model_of_the_paper() -> Model:
    """Networks of the paper's size; weights and running statistics are random."""
    draw = torch.Generator().manual_seed(0)
    config = TrainConfig()
    modules = crossing_net.build(config)
    for module in modules.values():
        for part in module.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                assert part.running_mean is not None
                assert part.running_var is not None
                part.running_mean.normal_(0, 0.1, generator=draw)
                part.running_var.uniform_(0.5, 2, generator=draw)
        module.eval().requires_grad_(False)
    return Model(
        name="random",
        config=config,
        skeleton=NYU36,
        camera=CAMERAS["nyu"],
        modules=modules,
    )


def ways(model: Model, threads: int) -> list[Way]:
    """Every way to read a crop, the plain modules first."""
    content = onnx_graph.graph(model)
    whole = (on_threads(content, threads),)
    found = [
        Way(name="torch: modules", runs=(model.predict,), threads=threads),
        Way(name="predict", runs=whole, threads=threads),
    ]
    if threads > 1:
        name = f"predict, {threads} frames at once"
        runs = tuple(on_threads(content, 1) for _ in range(threads))
        found.append(Way(name="predict, 1 thread", runs=runs[:1], threads=1))
        found.append(Way(name=name, runs=runs, threads=1))
    return found


def on_threads(content: bytes, threads: int) -> Run:
    """What `predict` runs, on so many threads."""
    torch.set_num_threads(threads)
    return onnx_graph.session(content)


def with_crop(read: Run, side_px: int) -> Run:
    """Cutting a hand out of a frame of 640 x 480, then `read`; for timing only."""
    draw = np.random.default_rng(0)
    frame = (700 + 60 * draw.random((480, 640))).astype(np.float32)
    uvd = np.array([330.0, 250.0, 720.0], np.float32)

    def run(_: Tensor, centre_mm: Tensor) -> Tensor:
        depth = torch.from_numpy(crop.crop(frame, uvd, CAMERAS["nyu"], side_px))
        return read(depth[None, None], centre_mm)

    return run


def seconds(way: Way, example: tuple[Tensor, Tensor], window_s: float) -> float:
    """Time a frame in one window: medians, shared among threads that run at once."""
    torch.set_num_threads(way.threads)
    medians: list[float] = []

    def measure(run: Run) -> None:
        torch.set_num_threads(way.threads)  # oneDNN asks for each thread's own
        for _ in range(5):
            run(*example)
        times, began = [], time.perf_counter()
        while time.perf_counter() - began < window_s:
            start = time.perf_counter()
            run(*example)
            times.append(time.perf_counter() - start)
        medians.append(statistics.median(times))

    if len(way.runs) == 1:
        measure(way.runs[0])
    else:
        workers = [threading.Thread(target=measure, args=(r,)) for r in way.runs]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return 1 / sum(1 / median for median in medians)


def best(
    every: Sequence[Way], example: tuple[Tensor, Tensor], windows: int, window_s: float
) -> dict[str, float]:
    """Seconds a frame of each way in its best window, by name.

    Ways take turns, so that a busy minute of the machine hits all alike.
    """
    found = {way.name: float("inf") for way in every}
    for _ in range(windows):
        for way in every:
            found[way.name] = min(found[way.name], seconds(way, example, window_s))
    return found


def limits() -> dict[Way, int]:
    """Large products on one thread, and the operations of each."""
    size, side = 768, 32  # a few milliseconds: short enough for a quiet moment
    a, b = torch.randn(size, size), torch.randn(size, size)
    maps = torch.randn(1, 256, side, side)
    maps = maps.contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(256, 256, 3, 3)
    kernel = kernel.contiguous(memory_format=torch.channels_last)

    def multiply(*_: Tensor) -> Tensor:
        return a @ b

    def convolve(*_: Tensor) -> Tensor:
        return nn.functional.conv2d(maps, kernel, padding=1)

    return {
        Way(name="limit_sgemm_gflops", runs=(multiply,), threads=1): 2 * size**3,
        Way(name="limit_convolution_gflops", runs=(convolve,), threads=1): (
            2 * len(maps) * side**2 * kernel.numel()
        ),
    }


def operations(model: Model, example: tuple[Tensor, Tensor]) -> int:
    """Floating-point operations a frame, a multiply-add counted as two."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.predict(*example)
    return counter.get_total_flops()


def measure(threads: int, windows: int, window_s: float) -> dict:
    """All figures."""
    model = model_of_the_paper()
    draw = torch.Generator().manual_seed(1)
    example = (
        torch.rand(1, 1, 128, 128, generator=draw) * 2 - 1,
        torch.tensor([[20.0, -30.0, 700.0]]),
    )
    every = ways(model, threads)
    plain = model.predict(*example)
    apart_mm = {w.name: float((w.runs[0](*example) - plain).abs().max()) for w in every}
    if worst := [n for n, gap in apart_mm.items() if not gap <= AGREEMENT_MM]:
        raise ValueError(f"{worst[0]} differs from torch by {apart_mm[worst[0]]} mm.")
    read = with_crop(on_threads(onnx_graph.graph(model), 1), len(example[0][0, 0]))
    every.append(Way(name="crop and predict, 1 thread", runs=(read,), threads=1))
    top = limits()
    best_s = best([*every, *top], example, windows, window_s)
    reached = {w.name: threads * n / best_s[w.name] / 1e9 for w, n in top.items()}
    flop = operations(model, example)
    rows = [
        {
            "way": way.name,
            "frames_per_s": round(1 / best_s[way.name], 1),
            "times_paper": round(1 / best_s[way.name] / PAPER_FRAMES_PER_S, 1),
            "times_modules": round(best_s[every[0].name] / best_s[way.name], 2),
            "gflops": round(flop / best_s[way.name] / 1e9, 1),
            "share_of_limit": round(
                flop / best_s[way.name] / 1e9 / max(reached.values()), 2
            ),
            "apart_mm": apart_mm.get(way.name),
        }
        for way in every
    ]
    used = [model.modules[name] for name in ("trunk", "posterior")]
    return {
        "torch": torch.__version__,
        "threads": threads,
        "windows": windows,
        "window_s": window_s,
        "parameters_trunk_and_posterior": sum(
            p.numel() for module in used for p in module.parameters()
        ),
        "operations_a_frame": flop,
        **{name: round(value, 1) for name, value in reached.items()},
        "limit_frames_per_s": round(max(reached.values()) * 1e9 / flop),
        "paper_frames_per_s": PAPER_FRAMES_PER_S,
        "target_frames_per_s": TARGET_FRAMES_PER_S,
        "rows": rows,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--windows", type=int, default=10, help="windows of a row")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of one")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    if not (options.threads >= 1 and options.windows >= 1 and options.seconds > 0):
        parser.error("--threads and --windows must be 1 or more, --seconds above 0.")
    figures = measure(options.threads, options.windows, options.seconds)
    if options.format == "json":
        print(json.dumps(figures))
        return
    rows = figures.pop("rows")
    for name, value in figures.items():
        print(f"{name:34} {value}")
    names = [name for name in rows[0] if name != "way"]
    print("\n" + f"{'way':32}" + "".join(f"{name:>16}" for name in names))
    for row in rows:
        cells = ["-" if row[n] is None else f"{row[n]:.6g}" for n in names]
        print(f"{row['way']:32}" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()
