"""Poses read alike from an unlabelled crop and from a transformed copy of it.

The pose in a copy is the pose in the crop, transformed as the copy was. A teacher reads
the crop: trunk and posterior head with the mean of the weights that the student, the
lane's own networks, has had of late. The student reads the copy and is drawn to what
the teacher read. Who predicts in the end is the student.

Poses are compared, because a code cannot be turned; the decoder is frozen. Crops and
copies are a batch of batch norm each, and leave no running statistics.

Source:
    Tarvainen and Valpola 2017, arXiv:1703.01780, equation 2, for the teacher. Rezaei et
    al. 2023, arXiv:2303.15147, for hands in depth crops that are turned, resized and
    shifted; their teacher is trained, and is no average.
"""

from functools import partial

import torch
from torch import Tensor

from cnets import geometry
from cnets.networks import losses
from cnets.shapes import Depth, Joints
from cnets.training import schedule
from cnets.training.batches import augmentation
from cnets.training.lanes.lane import Net, run, unflatten
from cnets.training.lanes.stack import Stack
from cnets.training.updates import parts
from cnets.training.updates.parts import Batch, Modules, Nets, Terms


READERS = ("trunk", "posterior")
"""The networks whose weights are averaged; the teacher has the lane's decoder."""

DECAY = 0.99
"""Of the average: it spans about 100 updates. A `tiny` run has 180 in its joint stage;
the 0.999 that its authors have for long runs would hold the first weights to the end."""


def is_on(stack: Stack) -> bool:
    """Whether the lanes of a joint stack have a teacher; all do, or none does."""
    return schedule.reads_copies(stack.lanes[0].config, "joint")


def terms_of(stack: Stack, nets: Nets, batch: Batch) -> Terms:
    """The term `consistency`, one value a lane.

    Args:
        stack: Lanes with a teacher.
        nets: Their networks of the discriminator.
        batch: What they see.
    """
    frozen = parts.fixed(stack, ("decoder",))
    student = frozen | {name: nets[name] for name in READERS}
    teacher = frozen | _averaged(stack)
    return stack.map(partial(term, stack.modules), student, teacher, batch)


def term(modules: Modules, student: Nets, teacher: Nets, batch: Batch) -> Terms:
    """How far the student is from the teacher, one lane."""
    with torch.no_grad():
        read = _read(modules, teacher, batch["unlabelled"])
        wanted = augmentation.of_joints(
            read * geometry.MM_PER_UNIT, batch["copy_centres"], batch["copy_moves"]
        )
    found = _read(modules, student, batch["copy"])
    return {"consistency": losses.consistency(found, wanted / geometry.MM_PER_UNIT)}


@torch.no_grad()
def follow(stack: Stack) -> None:
    """Take the student's new weights into the average, after its update.

    That is the plain mean of all weights since the stage began, first ones included,
    until there are 1 / (1 - `DECAY`) of them: the student's first steps are its largest.
    """
    for name in READERS:
        made = stack.moments["discriminator"][name].count
        share = (1 / (1 + made)).clamp(min=1 - DECAY)
        stack.average(name).lerp_(stack.flat[name], share[:, None])


def _averaged(stack: Stack) -> dict[str, Net]:
    """The readers with averaged weights; the running statistics are never kept."""
    return {
        name: Net(
            unflatten(stack.average(name), stack.modules[name]),
            stack.nets[name].buffers,
        )
        for name in READERS
    }


def _read(modules: Modules, nets: Nets, crops: Depth) -> Joints:
    """The joints in crops, units; running statistics stay as they are."""
    signal: Tensor = crops
    for name in READERS:
        signal = run(modules[name], nets[name], signal, keep_statistics=False)
    pose_code = signal[:, : -geometry.ORIGIN_SIZE]
    pose = run(modules["decoder"], nets["decoder"], pose_code)
    return geometry.join_origin(pose, signal[:, -geometry.ORIGIN_SIZE :])
