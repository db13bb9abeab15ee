"""A lane on disk: safetensors, the configuration as JSON, and their checksums.

Nothing here is ever unpickled. A checkpoint is a folder of two files: the
tensors, and `lane.json` with everything else and the SHA-256 of the tensors'
file; it is written last, so a folder without it is no checkpoint.
"""

import hashlib
import json
import os
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from cnets.config import TrainConfig
from cnets.lanes import Lane
from cnets.optimiser import Moments


VERSION = 1
"""Version of the layout on disk."""

TENSORS, HEADER = "lane.safetensors", "lane.json"


class Damaged(ValueError):
    """A checkpoint whose bytes are not those that were written."""


def save_lane(lane: Lane, folder: Path) -> str:
    """Write a lane to a folder, durably.

    Args:
        lane: What to write.
        folder: Made if it is missing; a checkpoint in it is replaced.

    Returns:
        SHA-256 of the tensors' file, hexadecimal.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = save(_tensors(lane))
    digest = hashlib.sha256(content).hexdigest()
    header = {
        "version": VERSION,
        "config": lane.config.flat(),
        "stage": lane.stage,
        "epoch": lane.epoch,
        "origin": lane.origin,
        "recent": lane.recent,
        "sha256": digest,
    }
    (folder / HEADER).unlink(missing_ok=True)
    _write(folder / TENSORS, content)
    _write(folder / HEADER, json.dumps(header, indent=1).encode())
    return digest


def load_lane(folder: Path, device: torch.device | str = "cpu") -> Lane:
    """Read a lane that `save_lane` wrote.

    Raises:
        Damaged: If a file is missing, cut, or has other bytes than were written.
        ValueError: If the layout is newer than this code.
    """
    try:
        header = json.loads((folder / HEADER).read_bytes())
        version, stage, epoch = (header[n] for n in ("version", "stage", "epoch"))
        content = (folder / TENSORS).read_bytes()
        digest, origin = header["sha256"], header.get("origin", "")
        recent = tuple(header.get("recent", ()))
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise Damaged(f"{folder} holds no whole checkpoint: {error}.") from error
    if version != VERSION:
        raise ValueError(f"{folder} must have version {VERSION}, got {version}.")
    if hashlib.sha256(content).hexdigest() != digest:
        raise Damaged(f"{folder / TENSORS} does not match its checksum.")
    config = TrainConfig().replace(header["config"])
    lane = Lane(config, stage, epoch, recent=recent, origin=origin)
    _fill(lane, {name: tensor.to(device) for name, tensor in load(content).items()})
    return lane


def _tensors(lane: Lane) -> dict[str, Tensor]:
    tensors = {f"flat/{name}": flat for name, flat in lane.flat.items()}
    for name, buffers in lane.buffers.items():
        tensors |= {f"buffer/{name}/{n}": b for n, b in buffers.items()}
    for update, by_name in lane.moments.items():
        for name, moments in by_name.items():
            for part, tensor in vars(moments).items():
                tensors[f"moments/{update}/{name}/{part}"] = tensor
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def _fill(lane: Lane, tensors: dict[str, Tensor]) -> None:
    """Give a lane the tensors that `_tensors` named."""
    parts: dict[tuple[str, str], dict[str, Tensor]] = {}
    for path, tensor in tensors.items():
        match path.split("/"):
            case ["flat", name]:
                lane.flat[name] = tensor
                lane.buffers.setdefault(name, {})  # a network may have none
            case ["buffer", name, buffer]:
                lane.buffers.setdefault(name, {})[buffer] = tensor
            case ["moments", update, name, part]:
                parts.setdefault((update, name), {})[part] = tensor
            case _:
                raise Damaged(f"`{path}` is no part of a checkpoint.")
    for (update, name), moments in parts.items():
        lane.moments.setdefault(update, {})[name] = Moments(**moments)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
