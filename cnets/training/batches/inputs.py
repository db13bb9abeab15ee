"""The inputs of an update: what was drawn, on the device, with poses and images.

An epoch is drawn at once and moved to the device once; an update then takes its
part without the host waiting for the device.
"""

from collections.abc import Iterator, Mapping

from torch import Tensor

from cnets import geometry
from cnets.config import TrainConfig
from cnets.training.batches import augmentation, copies, draws
from cnets.training.batches.frames import Frames


IMAGES = {"measured": "rows", "unlabelled": "others"}
"""The inputs that are crops, and under which name their rows are drawn."""

MOVES = {"measured": "moves", "unlabelled": "other_moves"}
"""The same inputs, and under which name their changes are drawn."""


def to_device(frames: Frames, drawn: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Draws where the networks are, in their kind of number.

    Rows stay on the host as long as the crops do.
    """
    moved = {}
    for name, value in drawn.items():
        kind = frames.dtype if value.is_floating_point() else value.dtype
        moved[name] = value.to(frames.device, kind)
        if name in IMAGES.values() and not frames.resident:
            moved[name] = value
    return moved


def of_update(
    frames: Frames, stage: str, drawn: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """What one update sees, with any axes in front.

    Args:
        frames: The data.
        stage: One of `schedule.STAGES`.
        drawn: One update's part of what `to_device` gives.
    """
    rows = drawn["rows"]
    apart = {*IMAGES.values(), *MOVES.values()}
    seen = {n: v for n, v in drawn.items() if n not in apart}
    if stage != "gan":
        seen["pose"] = frames.pose[rows]
    if stage == "vae" and frames.weight is not None:
        seen["weight"] = frames.weight[rows]
    if stage not in ("vae", "gan"):
        seen["origin"] = frames.origin[rows]
    if stage != "vae":
        images = {n: drawn[r] for n, r in IMAGES.items() if r in drawn}
        seen |= {name: frames.depth(index) for name, index in images.items()}
    if "moves" in drawn:
        seen |= _moved(frames, drawn, seen)
    if "copy_moves" in drawn:
        centres = frames.centres[drawn["others"]]
        if "other_moves" in drawn:
            centres = centres + drawn["other_moves"][..., 2:]
        seen |= copies.of_update(seen["unlabelled"], centres, drawn["copy_moves"])
    return seen


def _moved(
    frames: Frames, drawn: Mapping[str, Tensor], seen: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """What the changes of an update make of poses, origins and crops."""
    found, far = {}, {}
    if "pose" in seen:
        rows, moves = drawn["rows"].flatten(), drawn["moves"].flatten(0, -2)
        units = geometry.join_origin(frames.pose[rows], frames.origin[rows])
        joints = units * geometry.MM_PER_UNIT
        far["measured"] = augmentation.farthest(joints)
        joints = augmentation.of_joints(joints, frames.centres[rows], moves)
        units = joints / geometry.MM_PER_UNIT
        pose, origin = geometry.split_origin(units, frames.data.root)
        found = {"pose": pose.view_as(seen["pose"])}
        if "origin" in seen:
            found["origin"] = origin.view_as(seen["origin"])
    for name in IMAGES.keys() & seen.keys():
        rows, moves = drawn[IMAGES[name]].flatten(), drawn[MOVES[name]].flatten(0, -2)
        usual = moves.new_full((len(moves),), augmentation.FAR_MM)
        crops = augmentation.of_crops(
            seen[name].flatten(0, -4), frames.centres[rows], moves, far.get(name, usual)
        )
        found[name] = crops.view_as(seen[name])
    return found


def of_epoch(
    frames: Frames, config: TrainConfig, stage: str, number: int
) -> Iterator[dict[str, Tensor]]:
    """One lane's batches of one epoch.

    Args:
        frames: The data.
        config: The lane's configuration.
        stage: One of `schedule.STAGES`.
        number: Epochs of the stage that came before.

    Yields:
        The inputs of one update of the stage.
    """
    drawn = to_device(frames, draws.of_epoch(frames, config, stage, number))
    for step in range(len(drawn["rows"])):
        yield of_update(frames, stage, {n: value[step] for n, value in drawn.items()})
