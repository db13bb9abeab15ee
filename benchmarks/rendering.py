"""How fast hands are rendered, beside a renderer that tries every pixel.

The peer is what one writes first: every capsule against every pixel of the
crop, with the same intersection. Both render frames of the embedded data, and
the largest difference between their images is printed with the figures. Peak
memory is that of the whole process, so the peer runs last.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from cnets import geometry
from cnets.data.crops import cache, crop
from cnets.data.readers import synthetic
from cnets.data.readers.labels import Labels
from cnets.hands import render, sensor


SIDES_PX = (32, 64, 128)

PEER_AT_ONCE = 2
"""Frames that the peer renders at once; more would not fit into a small memory."""


def render_frames(labels: Labels, rows: slice, side_px: int) -> Tensor:
    """The depth images of some frames, as the cache renders them."""
    return render.render(
        *flesh(labels, rows),
        centre_mm=torch.tensor(labels.centres_mm[rows]),
        camera=labels.camera,
        side_px=side_px,
    )


def render_crops(labels: Labels, rows: slice, side_px: int) -> Tensor:
    """The same frames with a sensor's noise, scaled for the networks."""
    centre = torch.tensor(labels.centres_mm[rows])
    _, _, sensor_px = geometry.crop_pixels(centre, labels.camera, side_px)
    noise = torch.Generator().manual_seed(rows.start)
    depth = render_frames(labels, rows, side_px)
    seen = sensor.observe(depth, noise, sensor_px=sensor_px)
    return torch.from_numpy(crop.normalised(seen.numpy(), centre[:, 2].numpy()))


def render_densely(labels: Labels, rows: slice, side_px: int) -> Tensor:
    """The same images as `render_frames`: every capsule tries every pixel."""
    start, end, start_radius, end_radius = flesh(labels, rows)
    camera, centre = labels.camera, torch.tensor(labels.centres_mm[rows])
    u, v, scale = geometry.crop_pixels(centre, camera, side_px)
    place = torch.arange(side_px) + 0.5
    x = (u[:, None] + scale[:, None] * place - camera.cx) / camera.fx
    y = (camera.cy - v[:, None] - scale[:, None] * place) / camera.fy
    shape = (*start_radius.shape, side_px, side_px)
    depth = render.intersect(
        x[:, None, None, :].expand(shape).reshape(-1),
        y[:, None, :, None].expand(shape).reshape(-1),
        start[:, :, None, None].expand(*shape, 3).reshape(-1, 3),
        end[:, :, None, None].expand(*shape, 3).reshape(-1, 3),
        start_radius[:, :, None, None].expand(shape).reshape(-1),
        end_radius[:, :, None, None].expand(shape).reshape(-1),
    )
    nearest = depth.view(shape).amin(1)
    return nearest.masked_fill(nearest.isinf(), 0)


def flesh(labels: Labels, rows: slice) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The capsules of some frames."""
    joints, thickness = labels.joints_mm[rows], labels.thickness[rows]
    return labels.skeleton.flesh(torch.tensor(joints), torch.tensor(thickness))


def frames_per_s(
    work: Callable[[Labels, slice, int], Tensor],
    labels: Labels,
    side_px: int,
    at_once: int,
) -> float:
    """Speed over all frames of the set, after one chunk to warm up."""
    frames = len(labels.joints_mm)
    work(labels, slice(0, at_once), side_px)
    began = time.perf_counter()
    for start in range(0, frames, at_once):
        work(labels, slice(start, min(start + at_once, frames)), side_px)
    return frames / (time.perf_counter() - began)


def measure(frames: int) -> dict[str, float]:
    """All figures, by name."""
    labels = synthetic.labels(frames)
    figures: dict[str, float] = {
        "threads": torch.get_num_threads(),
        "frames": frames,
        "capsules": len(labels.skeleton.capsules),
    }
    for side_px in SIDES_PX:
        speed = frames_per_s(render_frames, labels, side_px, cache.CHUNK)
        figures[f"frames_per_s_{side_px}px"] = round(speed, 1)
    speed = frames_per_s(render_crops, labels, 128, cache.CHUNK)
    figures["frames_per_s_128px_with_noise"] = round(speed, 1)
    figures["seconds_for_10000_frames_128px_with_noise"] = round(10_000 / speed, 1)
    figures["peak_memory_mib"] = peak_memory_mib()
    return figures | beside_the_peer(
        figures["frames_per_s_128px"], max(20, frames // 50)
    )


def beside_the_peer(ours: float, frames: int) -> dict[str, float]:
    """The peer's speed and peak memory, and how far its images are from ours."""
    labels = synthetic.labels(frames)
    theirs = frames_per_s(render_densely, labels, 128, PEER_AT_ONCE)
    rows = slice(0, PEER_AT_ONCE)
    apart = render_frames(labels, rows, 128) - render_densely(labels, rows, 128)
    return {
        "dense_frames": frames,
        "dense_frames_per_s_128px": round(theirs, 1),
        "dense_peak_memory_mib": peak_memory_mib(),
        "dense_frames_at_once": PEER_AT_ONCE,
        "largest_difference_mm": round(apart.abs().max().item(), 6),
        "times_faster_128px": round(ours / theirs, 1),
    }


def peak_memory_mib() -> float:
    """Most memory that the process has held so far, with torch itself."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 0)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=10_000, help="frames a side")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    if not options.frames >= synthetic.PERSONS or not options.threads >= 1:
        parser.error(f"--frames must be {synthetic.PERSONS} or more, --threads 1.")
    torch.set_num_threads(options.threads)
    figures = measure(options.frames)
    if options.format == "json":
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:44} {value:g}")


if __name__ == "__main__":
    main()
