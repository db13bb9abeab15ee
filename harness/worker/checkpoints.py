"""Checkpoints of a run on disk: written whole, found again, passed over if damaged.

When one is written is decided in `train_runner.py`; how a lane becomes bytes in
`cnets.training.state`.
"""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cnets.config import TrainConfig
from cnets.training import state
from cnets.training.lanes.lane import Lane
from harness.definition import checkpoint_names
from harness.definition.checkpoint_names import HELD, PUBLISHED


def publish(lane: Lane, folder: Path) -> None:
    """Write a checkpoint of a lane, then delete those it replaces.

    The one before it is kept. Those that are further than it are of no use to
    its run, or it would have gone on from them.

    Raises:
        OSError: If it cannot be written; the others are as they were.
    """
    new = folder / f"{PUBLISHED}{_order(lane)}"
    _write(lane, new)
    before = max(
        (path for path in folder.glob(f"{PUBLISHED}*") if path < new), default=new
    )
    for old in [*folder.glob(f"{PUBLISHED}*"), *folder.glob(f"{HELD}*")]:
        if old not in (new, before):
            _remove(old)


def hold(lane: Lane, folder: Path) -> None:
    """Write a checkpoint of an epoch whose report is not stored yet.

    It replaces one that was held before. It counts when `publish` comes to the same
    epoch, or for a run that knows that the report is stored.

    Raises:
        OSError: If it cannot be written; the others are as they were.
    """
    new = folder / f"{HELD}{_order(lane)}"
    _write(lane, new)
    for old in folder.glob(f"{HELD}*"):
        if old != new:
            _remove(old)


def settle(lane: Lane, folder: Path) -> bool:
    """Let the checkpoint that is held of this epoch count from now on.

    Returns:
        Whether there was one.
    """
    held, new = (folder / f"{kind}{_order(lane)}" for kind in (HELD, PUBLISHED))
    with contextlib.suppress(OSError):
        held.rename(new)
        return True
    return False


def _order(lane: Lane) -> str:
    """Stage and epoch, in the order of training."""
    return f"{('vae', 'gan', 'warm_up', 'joint').index(lane.stage)}-{lane.epoch:06d}"


def _write(lane: Lane, new: Path) -> None:
    try:
        state.save_lane(lane, new)
    except OSError:
        if not (new / state.HEADER).exists():
            shutil.rmtree(new, ignore_errors=True)  # gives its space back
        raise


def _remove(old: Path) -> None:
    with contextlib.suppress(OSError):  # first: without it, it is none
        (old / state.HEADER).unlink()
    shutil.rmtree(old, ignore_errors=True)


def without_moments(lane: Lane) -> Lane:
    """The same networks without optimisers and averages: a finished run needs none."""
    return replace(lane, moments={}, averages={})


@dataclass(frozen=True)
class Restored:
    """What a run goes on from."""

    lane: Lane | None
    """The lane of the newest sound checkpoint; None starts from nothing."""
    damaged: tuple[str, ...] = ()
    """What is wrong with each newer one that was passed over."""

    def sentences(self) -> tuple[str, ...]:
        """One that says it; none if there was no damage."""
        if not self.damaged:
            return ()
        onward = "the run starts again from nothing"
        if self.lane is not None:
            onward = f"the run goes on from {self.lane.stage} epoch {self.lane.epoch}"
        many = "Checkpoints were" if len(self.damaged) > 1 else "A checkpoint was"
        return (f"{many} passed over, {onward}: {'; '.join(self.damaged)}.",)


def check_free(folder: Path, config: TrainConfig, origin: str = "") -> None:
    """Refuse a folder with networks that a run would delete as not its own.

    Args:
        folder: Where checkpoints are to go.
        config: The run's.
        origin: SHA-256 of the model that the run starts from.

    Raises:
        ValueError: If a sound checkpoint of another run lies there.
    """
    for path in sorted(folder.glob(f"{PUBLISHED}*")):
        with contextlib.suppress(state.Damaged, OSError):
            lane = state.load_lane(path, "cpu")
            if (lane.config, lane.origin) != (config, origin):
                raise ValueError(
                    f"`out` must be a new folder or that of the same run, and {path} "
                    "holds the networks of another one."
                )


def restored(
    folder: Path, config: TrainConfig, device: str, origin: str = "", reported: int = 0
) -> Restored:
    """The newest sound checkpoint in a folder, and the damaged ones before it.

    A damaged checkpoint, and one that cannot be read or vanishes, is passed
    over for the one before it; so is, in silence, one of a run that has ended.

    Args:
        folder: The run's checkpoints.
        config: The run's; checkpoints of another are passed over.
        device: Where the lane is to train.
        origin: SHA-256 of the model that the run started from, likewise.
        reported: The last step whose report is stored; one that is held counts up to it.
    """
    damaged: list[str] = []
    for lane in _sound(folder, config, device, origin, damaged, reported):
        if not lane.finished:
            return Restored(lane, tuple(damaged))
    return Restored(None, tuple(damaged))


def ended(
    folder: Path, config: TrainConfig, device: str, origin: str = ""
) -> Lane | None:
    """The last networks of a run that has ended; None if there are none that are sound.

    Args:
        folder: The run's checkpoints.
        config: The run's; checkpoints of another are passed over.
        device: Where the lane is to be.
        origin: SHA-256 of the model that the run started from, likewise.
    """
    found = _sound(folder, config, device, origin, [])
    return next((lane for lane in found if lane.finished), None)


def _sound(
    folder: Path,
    config: TrainConfig,
    device: str,
    origin: str,
    damaged: list[str],
    reported: int = 0,
) -> Iterator[Lane]:
    """The sound checkpoints of a run, newest first; what is wrong with others."""
    found = [*folder.glob(f"{PUBLISHED}*"), *folder.glob(f"{HELD}*")]
    newest_first = sorted(found, key=_place, reverse=True)
    for path in newest_first:
        try:
            lane = state.load_lane(path, device)
        except (state.Damaged, OSError) as error:
            said = str(error).replace(str(path), path.name).rstrip(".")
            damaged.append(said)
            continue
        if path.name.startswith(HELD) and lane.epoch > reported:
            continue
        if (lane.config, lane.origin) == (config, origin):
            yield lane


def _place(path: Path) -> str:
    return checkpoint_names.place(path.name)
