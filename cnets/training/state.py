"""A lane on disk: safetensors, the configuration as JSON, and their checksums.

Nothing here is ever unpickled. A checkpoint is a folder of two files: the
tensors, and `lane.json` with everything else, the size and SHA-256 of the
tensors' file and a SHA-256 of its own record (`sealed`); it is written last, so
a folder without it is no checkpoint. `results.checking.verify` checks both files too,
without torch.
"""

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from cnets import durable, sealed
from cnets.config import Retired, TrainConfig
from cnets.hands import subject
from cnets.training.lanes.lane import Lane
from cnets.training.lanes.optimiser import Moments
from cnets.training.schedule import STAGES


VERSION = 2
"""Version of the layout on disk; a header of version 1 has no digest of its own."""

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

    Raises:
        OSError: If it cannot be written; then the folder holds no checkpoint.
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
        "terms": lane.terms,
        "subject": None if lane.subject is None else lane.subject.facts(),
        "bytes": len(content),
        "sha256": digest,
    }
    (folder / HEADER).unlink(missing_ok=True)
    _write(folder / TENSORS, content)
    _write(folder / HEADER, sealed.encode(header))
    for changed in (folder, folder.parent):
        durable.sync(changed)
    return digest


def load_lane(folder: Path, device: torch.device | str = "cpu") -> Lane:
    """Read a lane that `save_lane` wrote.

    Raises:
        Damaged: If a file is missing, cut, or has other bytes than were written.
        ValueError: If the layout is newer than this code, or the run used what was
            removed from it.
    """
    header = _header(folder)
    content = _bytes(folder / TENSORS)
    if len(content) != header.get("bytes", len(content)):
        raise Damaged(
            f"{folder / TENSORS} must have {header['bytes']} bytes, got {len(content)}."
        )
    if hashlib.sha256(content).hexdigest() != header.get("sha256"):
        raise Damaged(f"{folder / TENSORS} does not match its checksum.")
    try:
        lane = _lane(header)
        _fill(lane, {name: tensor.to(device) for name, tensor in load(content).items()})
    except (Damaged, Retired):
        raise
    except (LookupError, TypeError, ValueError, SafetensorError) as error:
        raise Damaged(f"{folder} holds no whole checkpoint: {error}.") from error
    return lane


def _header(folder: Path) -> dict[str, Any]:
    """What `lane.json` says, if it is as it was written."""
    path = folder / HEADER
    data = _bytes(path)
    try:
        header = sealed.parse(data)
        if header.get("version") != 1 or sealed.KEY in header:
            header = sealed.decode(data)
    except ValueError as error:
        raise Damaged(f"{path} is damaged: {error}.") from error
    version = header.get("version")
    if version not in (1, VERSION):
        raise ValueError(f"{folder} must have version {VERSION}, got {version}.")
    return header


def _lane(header: dict[str, Any]) -> Lane:
    """The lane of a header, still without its tensors."""
    stage, epoch = header["stage"], header["epoch"]
    if stage not in STAGES or not isinstance(epoch, int) or epoch < 0:
        raise ValueError(f"there is no epoch {epoch!r} of a stage {stage!r}")
    about = header.get("subject")
    return Lane(
        TrainConfig.from_stored(header["config"]),
        stage,
        epoch,
        recent=tuple(header.get("recent", ())),
        terms=dict(header.get("terms", {})),
        origin=header.get("origin", ""),
        subject=None if about is None else subject.of_facts(about),
    )


def _tensors(lane: Lane) -> dict[str, Tensor]:
    tensors = {f"flat/{name}": flat for name, flat in lane.flat.items()}
    for name, buffers in lane.buffers.items():
        tensors |= {f"buffer/{name}/{n}": b for n, b in buffers.items()}
    tensors |= {f"average/{name}": flat for name, flat in lane.averages.items()}
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
            case ["average", name]:
                lane.averages[name] = tensor
            case ["moments", update, name, part]:
                parts.setdefault((update, name), {})[part] = tensor
            case _:
                raise Damaged(f"`{path}` is no part of a checkpoint.")
    for (update, name), moments in parts.items():
        lane.moments.setdefault(update, {})[name] = Moments(**moments)


def _write(path: Path, content: bytes) -> None:
    """Write a file aside and give it its name, so that it is never seen half."""
    aside = path.with_name(f"{path.name}.part")
    try:
        durable.write(aside, content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Damaged(
            f"{path.parent} holds no whole checkpoint: {path.name} cannot be read "
            f"({error.strerror})."
        ) from error
