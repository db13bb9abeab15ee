"""Joint updates a second of K lanes in one bank, beside two ways without lanes.

The peers are K solo runs one after another and K processes that share the device;
both train lanes with the plain updates of `cnets.training.updates`, as the bank does.
With `--latent-sizes` the codes of the lanes differ, and the bank's choice (all in one
stack, widened) stands beside a stack for each size, with and without padding lanes.

Sides take turns in one process, and the best turn of each counts; on a processor
that others use too, its time is the steadier figure. Networks and batches are a
preset's; the images are noise, whose values change no time. Only updates and their
batches are timed: no evaluation, no start of a process.
"""

import argparse
import datetime
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.data.readers import synthetic
from cnets.networks import crossing_net
from cnets.training import schedule
from cnets.training.bank import Bank
from cnets.training.batches import inputs
from cnets.training.lanes.stack import Stack
from cnets.training.lanes.stacking import Stacking
from cnets.training.updates import joint


FRAMES = 1000
"""Rows of the data; more change nothing."""

TOY = {"joint.batch_size": 16}
"""What `tiny` is cut down to on a processor, to end within a minute."""

Work = Callable[[], object]


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


def settings(options: argparse.Namespace) -> TrainConfig:
    """The run whose updates are timed."""
    toy = TOY if options.device == "cpu" and options.preset == "tiny" else {}
    changes: dict[str, Any] = {"joint.steps": options.steps, "networks.joints": 21}
    changes |= toy
    if options.batch is not None:
        changes["joint.batch_size"] = options.batch
    return presets.preset(options.preset).replace(changes)


def varied(one: TrainConfig, count: int, sizes: Sequence[int]) -> list[TrainConfig]:
    """Runs with seeds and loss weights of their own; code sizes take turns."""
    return [
        one.replace(
            {
                "seed": k,
                "losses.posterior": 1.0 + k,
                "latent_size": sizes[k % len(sizes)],
            }
        )
        for k in range(count)
    ]


def updates(bank: Bank, stacking: Stacking, stack: Stack) -> Work:
    """The joint updates of an epoch in every row of a stack."""

    def work() -> None:
        drawn = stacking.draws(stack, bank.frames)
        rate = stack.numbers("joint.learning_rate")
        for step in range(drawn["rows"].shape[1]):
            part = {n: value[:, step] for n, value in drawn.items()}
            batch = inputs.of_update(bank.frames, "joint", part)
            joint.update(stack, batch, rate)

    return work


def stacked(bank: Bank, runs: Sequence[TrainConfig], width: int | None) -> list[Work]:
    """All updates of an epoch of some lanes, in stacks of a width."""
    stacking = Stacking(crossing_net.build, width)
    lanes = [bank.lane(one) for one in runs]
    for lane in lanes:
        lane.stage = "joint"
    groups = [[lanes[i] for i in group] for group in stacking.groups(lanes)]
    return [updates(bank, stacking, stacking.stack(group)) for group in groups]


def by_size(bank: Bank, runs: Sequence[TrainConfig], rows: int) -> list[Work]:
    """The same with a stack for each size of code, filled up with padding lanes."""
    stacking = Stacking(crossing_net.build, None)
    works = []
    for size in sorted({one.latent_size for one in runs}):
        lanes = [bank.lane(one) for one in runs if one.latent_size == size]
        every = stacking.modules(lanes[0].config)
        modules = {name: every[name] for name in schedule.NETWORKS["joint"]}
        for lane in lanes:
            lane.stage = "joint"
        stack = Stack(lanes, modules, rows=rows)
        works.append(updates(bank, stacking, stack))
    return works


def seconds(works: Sequence[Work], device: torch.device) -> tuple[float, float]:
    """Wall and processor time of some work, to its end on the device."""
    synchronise(device)
    wall, processor = time.perf_counter(), time.process_time()
    for work in works:
        work()
    synchronise(device)
    return time.perf_counter() - wall, time.process_time() - processor


def synchronise(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def utilisation_percent(works: Sequence[Work], device: torch.device) -> float | None:
    """Share of time in which the GPU was busy, of a run of its own; None on others."""
    if device.type != "cuda":
        return None
    try:
        for work in works:
            work()
        return float(torch.cuda.utilization(device))
    except (ImportError, RuntimeError):  # NVIDIA's library is not there
        return None
    finally:
        synchronise(device)


def of_processes(options: argparse.Namespace, count: int) -> float:
    """Seconds from the first start to the last end of K processes' updates.

    Raises:
        ValueError: If one of them fails.
    """
    command = [sys.executable, __file__, "--worker", *repeated(options)]
    pipe = subprocess.PIPE
    workers = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        for _ in range(count)
    ]
    try:
        if [heard(worker) for worker in workers] != ["ready"] * count:
            raise ValueError(f"`--lanes` of {count} is more processes than can start.")
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        spans = [json.loads(heard(worker)) for worker in workers]
        return max(end for _, end in spans) - min(start for start, _ in spans)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def heard(worker: subprocess.Popen[str]) -> str:
    """The next line of a process; empty if it ended."""
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def repeated(options: argparse.Namespace) -> list[str]:
    """The options that a worker needs, as on the command line."""
    names = ("device", "preset", "steps", "threads", "batch", "latent_sizes")
    given = {n.replace("_", "-"): getattr(options, n) for n in names}
    given["latent-sizes"] = ",".join(map(str, options.latent_sizes))
    return [f"--{name}={v}" for name, v in given.items() if v is not None]


def be_worker(options: argparse.Namespace) -> None:
    """Get ready, wait for a line, train, and say when that began and ended."""
    one, device = settings(options), torch.device(options.device)
    bank = Bank(noise(one), device)
    works = stacked(bank, varied(one, 1, options.latent_sizes), 1)
    seconds(works, device)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    seconds(works, device)
    print(json.dumps([began, time.monotonic()]), flush=True)


def measure(options: argparse.Namespace, bank: Bank, count: int) -> dict[str, Any]:
    """Joint updates a second, all lanes together, on every side."""
    device, sizes = bank.device, options.latent_sizes
    runs = varied(settings(options), count, sizes)
    sides = {"bank": stacked(bank, runs, count), "solo": stacked(bank, runs, 1)}
    if len(sizes) > 1:
        sides["a_stack_a_size_with_padding_lanes"] = by_size(bank, runs, count)
        sides["a_stack_a_size"] = stacked(bank, runs, None)
    for works in sides.values():
        seconds(works[:1], device)
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(options.turns):
        for name, works in sides.items():
            spent[name].append(seconds(works, device))
    done = count * options.steps
    rates = {n: done / min(wall for wall, _ in turns) for n, turns in spent.items()}
    work_s = {n: min(busy for _, busy in turns) for n, turns in spent.items()}
    if not options.no_processes:
        rates["processes"] = done / of_processes(options, count)
    found: dict[str, Any] = {"lanes": count}
    found |= {f"{name}_updates_per_s": rate for name, rate in rates.items()}
    for name, rate in rates.items():
        if name != "bank":
            found[f"times_{name}"] = rates["bank"] / rate
        if name in work_s and name != "bank" and device.type == "cpu":
            found[f"times_{name}_processor_time"] = work_s[name] / work_s["bank"]
    return found | {
        "gpu_utilisation_percent_bank": utilisation_percent(sides["bank"], device),
        "gpu_utilisation_percent_solo": utilisation_percent(sides["solo"][:1], device),
    }


def chip(device: torch.device) -> str:
    """The name of what is measured."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def numbers(text: str) -> tuple[int, ...]:
    """Whole numbers of 1 or more, with commas between."""
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be numbers such as 1,2,4.")
    return found


def parsed() -> argparse.Namespace:
    """The options; what was left out depends on the device."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--preset", choices=tuple(presets.PRESETS))
    parser.add_argument("--lanes", type=numbers, help="such as 1,2,4")
    parser.add_argument("--latent-sizes", type=numbers, default=(20,))
    parser.add_argument("--steps", type=int, help="updates of a lane in a turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--batch", type=int, help="batch size of the joint stage")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--no-processes", action="store_true")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    on_gpu = options.device == "cuda"
    options.preset = options.preset or ("small" if on_gpu else "tiny")
    options.lanes = options.lanes or ((1, 2, 4, 8, 16, 32) if on_gpu else (1, 2, 4))
    options.steps = options.steps if options.steps is not None else 20 if on_gpu else 5
    for name in ("steps", "turns", "threads"):
        if not getattr(options, name) >= 1:
            parser.error(f"--{name} must be 1 or more, got {getattr(options, name)}.")
    return options


def main() -> None:
    """Print the figures."""
    options = parsed()
    torch.set_num_threads(options.threads)
    if options.worker:
        be_worker(options)
        return
    one, device = settings(options), torch.device(options.device)
    bank = Bank(noise(one), device)
    figures: dict[str, Any] = {
        "chip": chip(device),
        "threads": options.threads,
        "torch": str(torch.__version__),
        "dtype": str(bank.frames.dtype),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "preset": options.preset,
        "batch": one.joint.batch_size,
        "latent_sizes": list(options.latent_sizes),
        "steps": options.steps,
        "turns": options.turns,
    }
    rows = [measure(options, bank, count) for count in options.lanes]
    if options.format == "json":
        print(json.dumps(figures | {"rows": rows}))
        return
    print("  ".join(f"{name} {value}" for name, value in figures.items()))
    for row in rows:
        shown = {n: v for n, v in row.items() if v is not None}
        print("  ".join(f"{name} {value:.4g}" for name, value in shown.items()))
    if device.type == "cpu":
        print("On a GPU: not measured in this run.")


if __name__ == "__main__":
    main()
