"""A trained model as a folder that others can use: writing and reading it.

`model.json` says what the model is and has the SHA-256 of the other files and of
itself; `model.safetensors` has the weights of all networks, running statistics
too, as `network.parameter`; `model.onnx` is the posterior path; `README.md` is the
model card. A folder is written aside and renamed, so it is there whole or not at
all. Nothing here is ever unpickled.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load as read_tensors, save as tensors_to_bytes
from torch import Tensor, nn

from cnets import durable, geometry
from cnets.config import TrainConfig
from cnets.hands import subject
from cnets.hands.skeleton import SKELETONS
from cnets.hands.subject import Subject
from cnets.inference.model import Model
from cnets.networks import crossing_net


LAYOUT = 1
"""Version of the folder's layout."""

HEADER, WEIGHTS, GRAPH, CARD = (
    "model.json",
    "model.safetensors",
    "model.onnx",
    "README.md",
)

CHECKED = (WEIGHTS, GRAPH)
"""Files that must be as they were written; the card may be edited."""


def write(
    model: Model,
    folder: Path,
    *,
    graph: bytes,
    card: str,
    origin: Mapping[str, str],
    code_version: str,
) -> dict[str, int]:
    """Write a model to a new folder.

    Args:
        model: The trained networks.
        folder: Must not exist; the folders above it are made.
        graph: The ONNX model.
        card: The model card, Markdown.
        origin: Where the model came from; text by name.
        code_version: Version of the program that writes.

    Returns:
        Size of each file in bytes, by name.

    Raises:
        ValueError: If `folder` exists or cannot be written.
    """
    files = {
        WEIGHTS: tensors_to_bytes(_tensors(model)),
        GRAPH: graph,
        CARD: card.encode(),
    }
    digests = {name: _sha256(content) for name, content in files.items()}
    facts = _facts(model) | {
        "origin": dict(origin),
        "code_version": code_version,
        "files": digests,
    }
    facts["sha256"] = _own_sha256(facts)
    files[HEADER] = json.dumps(facts, indent=1).encode()
    try:
        _publish(files, folder)
    except OSError as error:
        raise ValueError(
            f"`out` must be a folder that can be written, got {str(folder)!r}: "
            f"{error.strerror}."
        ) from error
    return {name: len(content) for name, content in files.items()}


def refuse_existing(folder: Path) -> None:
    """See that an export would replace nothing.

    Raises:
        ValueError: If something has that name.
    """
    if os.path.lexists(folder):
        raise ValueError(f"`out` must not exist yet, got {str(folder)!r}.")


def load(folder: str | Path) -> Model:
    """The model of a folder that `write` made.

    Args:
        folder: The folder.

    Raises:
        ValueError: If a file is missing, is not as it was written, or is of a
            layout that this code does not know.
    """
    root = Path(folder)
    facts = _header(root)
    for name in CHECKED:
        if _sha256(_bytes(root / name)) != facts["files"].get(name):
            raise ValueError(f"{root / name} does not match its checksum.")
    try:
        return _model(root, facts)
    except (KeyError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        raise ValueError(
            f"{root / HEADER} is no header of a model: {error!r}."
        ) from error


def origin(folder: str | Path) -> dict[str, str]:
    """Where the model of a folder came from, as its header says.

    Raises:
        ValueError: If the header is missing or not as it was written.
    """
    return {str(n): str(v) for n, v in _header(Path(folder)).get("origin", {}).items()}


def _facts(model: Model) -> dict[str, Any]:
    """What a reader must know of a model besides its weights."""
    about = Subject(
        skeleton=model.skeleton, hand=model.hand, camera=model.camera, seen=model.seen
    )
    return about.facts() | {
        "layout": LAYOUT,
        "config": model.config.flat(),
        "crop": _crop(model.config),
    }


def _crop(config: TrainConfig) -> dict[str, Any]:
    """How this code makes and reads a crop; `geometry` says it in full."""
    return {
        "cube_mm": geometry.CUBE_MM,
        "side_px": config.networks.side_px,
        "nearest": -1.0,
        "background": 1.0,
        "y_axis": "up",
        "mm_per_unit": geometry.MM_PER_UNIT,
    }


def _header(root: Path) -> dict[str, Any]:
    """What `model.json` says, if it is as it was written."""
    path = root / HEADER
    try:
        facts = json.loads(_bytes(path))
        layout, digest = facts["layout"], facts["sha256"]
        own = _own_sha256(facts)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is damaged or no header of a model: {error}."
        ) from error
    if layout != LAYOUT:
        raise ValueError(f"{path} must have layout {LAYOUT}, got {layout!r}.")
    if own != digest or not isinstance(facts.get("files"), dict):
        raise ValueError(f"{path} does not match its checksum.")
    return facts


def _model(root: Path, facts: Mapping[str, Any]) -> Model:
    """The model that a sound header and sound weights describe."""
    config = TrainConfig.from_stored(facts["config"])
    if facts["crop"] != _crop(config):
        raise ValueError(
            f"{root / HEADER}, crop must be as in this code, got {facts['crop']!r}."
        )
    try:
        about = subject.of_facts(facts if subject.MARK in facts else _older(facts))
    except ValueError as error:
        raise ValueError(f"{root / HEADER}: {error}") from error
    if len(about.skeleton.joint_names) != config.networks.joints:
        raise ValueError(
            f"{root / HEADER} must name the {config.networks.joints} joints of its "
            f"networks, got {len(about.skeleton.joint_names)}."
        )
    return Model(
        name=str(root),
        config=config,
        skeleton=about.skeleton,
        camera=about.camera,
        hand=about.hand,
        seen=about.seen,
        modules=_modules(root / WEIGHTS, config),
    )


def _older(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an export that names one of this code's hands and no more."""
    name = facts["skeleton"]
    if name not in SKELETONS:
        known = ", ".join(SKELETONS)
        raise ValueError(f"`skeleton` must be one of {known}, got {name!r}.")
    own = Subject(skeleton=SKELETONS[name]).facts()
    if facts["joint_names"] != own["joint_names"]:
        raise ValueError(
            f"`joint_names` must be as in this code, got {facts['joint_names']!r}."
        )
    return own | {"camera": facts["camera"]}


def _modules(path: Path, config: TrainConfig) -> dict[str, nn.Module]:
    """The networks of a configuration with the weights of a file."""
    try:
        tensors = read_tensors(_bytes(path))
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} holds no tensors: {error}.") from error
    with torch.device("meta"):  # takes no memory, whatever sizes the header asks for
        modules = crossing_net.build(config)
    wanted = {
        f"{part}.{name}": tensor
        for part, module in modules.items()
        for name, tensor in module.state_dict().items()
    }
    if tensors.keys() != wanted.keys():
        other = min(tensors.keys() ^ wanted.keys())
        raise ValueError(f"{path} must hold the networks of its header: see {other!r}.")
    for name, tensor in wanted.items():
        found = tensors[name]
        if (found.shape, found.dtype) != (tensor.shape, tensor.dtype):
            raise ValueError(
                f"{path}, {name} must be {tensor.dtype} of {list(tensor.shape)}, got "
                f"{found.dtype} of {list(found.shape)}."
            )
    for part, module in modules.items():
        state = {name: tensors[f"{part}.{name}"] for name in module.state_dict()}
        module.load_state_dict(state, assign=True)
        module.eval().requires_grad_(False)
    return modules


def _tensors(model: Model) -> dict[str, Tensor]:
    return {
        f"{part}.{name}": tensor.detach().cpu().contiguous()
        for part, module in model.modules.items()
        for name, tensor in module.state_dict().items()
    }


def _publish(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files aside, durably, then give their folder its name."""
    parent = folder.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    aside = parent / f".{folder.name}-{uuid.uuid4().hex}"
    aside.mkdir()
    try:
        for name, content in files.items():
            durable.write(aside / name, content)
        refuse_existing(folder)  # a rename would replace an empty folder
        aside.rename(folder)
        durable.sync(parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error


def _own_sha256(facts: Mapping[str, Any]) -> str:
    """Checksum of a header without the checksum in it."""
    rest = {name: value for name, value in facts.items() if name != "sha256"}
    return _sha256(json.dumps(rest, sort_keys=True).encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
