"""A look at some frames of a data set before it is trusted, and what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnets.data import counts
from cnets.data.opening import labels_of
from cnets.data.readers import unlabelled
from cnets.data.readers.folder import description
from cnets.data.readers.labels import Labels
from cnets.data.trust import duplicates, findings, looking, measures
from cnets.data.trust.findings import Finding
from cnets.data.trust.looking import Frames, Look, Progress
from cnets.inference import frame_pictures, pictures
from harness.definition.terminal import printable


FRAMES = 256
"""Frames that are looked at where nobody says how many."""

COLUMNS = 4
"""Frames in a row of the picture."""

RULE = (
    f"On the hand: a pixel within {measures.BESIDE_MM:g} mm of the joint in the image "
    f"(at least {measures.BESIDE_PX} px), at most {measures.IN_FRONT_MM:g} mm in front "
    f"of it and {measures.BEHIND_MM:g} mm behind it."
)
"""What the first share means."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked:
    """What was seen."""

    data: str
    frames: Frames
    looks: list[Look]
    """The frames that were looked at; none of a rendered set."""
    found: list[Finding]
    worst: list[Look]
    """Those with the fewest joints on the hand, worst first."""

    def facts(self) -> dict[str, Any]:
        """The figures by name; shares in per cent, None where there is none."""
        known, held = self._in_crop()
        depths = np.array([look.hand_mm for look in self.looks]).reshape(-1, 2)
        seen = depths[np.isfinite(depths).all(1)]
        return {
            "data": self.data,
            "frames": _count(self.frames),
            "looked_at": len(self.looks),
            "seed": looking.SEED,
            "centres": counts.CENTRES[self.frames.centres],
            "joints": known,
            "on_hand_percent": _percent(findings.share_on_hand(self.looks)),
            "in_crop_percent": _percent(held / known) if known else None,
            "nearest_mm": float(seen.min()) if len(seen) else None,
            "farthest_mm": float(seen.max()) if len(seen) else None,
            "no_hand": sum(not look.shows_hand for look in self.looks),
            "identical": duplicates.identical(self.looks),
            "nearly_identical": duplicates.nearly(self.looks),
            "worst": [self._figures(look) for look in self.worst],
            "findings": [vars(finding) for finding in self.found],
        }

    def _in_crop(self) -> tuple[int, int]:
        """Known joints, and those of them that lie in the crop."""
        if self.looks:
            known = sum(int(look.known.sum()) for look in self.looks)
            return known, sum(int(look.in_cube.sum()) for look in self.looks)
        frames = self.frames
        if frames.joints_uvd is None or frames.centres_uvd is None:
            return 0, 0
        rows = np.isfinite(frames.centres_uvd).all(-1)
        joints = frames.joints_uvd[rows]
        pairs = zip(joints, frames.centres_uvd[rows], strict=True)
        held = [measures.in_cube(*pair, frames.camera).sum() for pair in pairs]
        return int(np.isfinite(joints).all(-1).sum()), int(sum(held))

    def _figures(self, look: Look) -> dict[str, Any]:
        known = look.known.any()
        return {
            "row": look.row,
            "frame": str(self.frames.files[look.row]),
            "on_hand_percent": _percent(look.on_hand[look.known].mean())
            if known
            else None,
            "in_crop_percent": _percent(look.in_cube[look.known].mean())
            if known
            else None,
            "hand_cm2": round(look.area_mm2 / 100, 1),
        }


def check(
    data: str,
    *,
    frames: int = FRAMES,
    worst: int = 8,
    progress: Progress | None = None,
) -> Checked:
    """Look at some frames of a data set; nothing is written.

    Args:
        data: A data set as `open_data` takes it, or a folder of frames without labels,
            `DIR[@CAMERA]`.
        frames: Most frames to look at, drawn from a seed.
        worst: How many of the worst are named.
        progress: Told how far it is.

    Raises:
        ValueError: If an argument is wrong, or the set unknown, missing or damaged.
    """
    for name, value in (("frames", frames), ("worst", worst)):
        if not value >= 1:
            raise ValueError(f"`{name}` must be 1 or more, got {value}.")
    held = _frames(data)
    looks = looking.look(held, looking.sample(held, frames), progress)
    order = sorted(looks, key=_goodness)
    found = findings.of_looks(held, looks)
    return Checked(
        data=data, frames=held, looks=looks, found=found, worst=order[:worst]
    )


def is_folder(data: str) -> bool:
    """Whether a folder of frames is meant, `DIR[@CAMERA]`, and not a data set."""
    kind, colon, _ = data.partition(":")
    folder = data.rpartition("@")[0] or data
    return not colon and kind != "synthetic" and Path(folder).is_dir()


def draw(checked: Checked, out: Path) -> None:
    """Write a picture of the worst frames, each with its joints, name and figure.

    Raises:
        ValueError: If the set has no frames on disk, or the file cannot be written.
    """
    if not checked.worst:
        raise ValueError(
            f"`out` needs frames on disk, and those of {checked.data} are rendered; "
            "`crossnets data show` draws them."
        )
    frames, tiles = checked.frames, []
    for look, figures in zip(checked.worst, checked.facts()["worst"], strict=True):
        joints = (
            None if frames.joints_uvd is None else frames.joints_uvd[look.row, :, :2]
        )
        bones = frames.skeleton.bones if frames.skeleton else ()
        title = (_short(figures["frame"]), _caption(figures))
        tiles.append(frame_pictures.tile(frames.read(look.row), joints, bones, title))
    height, width = (max(tile.shape[axis] for tile in tiles) for axis in (0, 1))
    even = [np.zeros((height, width, 3), np.uint8) for _ in tiles]
    for page, tile in zip(even, tiles, strict=True):
        page[: len(tile), : tile.shape[1]] = tile
    pictures.save_png(out, pictures.grid(even, min(COLUMNS, len(even))))


def sentence(facts: Mapping[str, Any]) -> str:
    """The figures in one line."""
    if not facts["looked_at"]:
        return (
            f"{facts['frames']} rendered frames, {facts['in_crop_percent']:g} % of the "
            f"joints in the crop, its centre {facts['centres']}; there is no file to look "
            "at."
        )
    parts = [f"{facts['looked_at']} of {facts['frames']} frames looked at"]
    if facts["joints"]:
        parts.append(f"{facts['on_hand_percent']:g} % of the joints on the hand")
        parts.append(
            f"{facts['in_crop_percent']:g} % in the crop, its centre {facts['centres']}"
        )
    if facts["nearest_mm"] is not None:
        parts.append(
            f"depths {facts['nearest_mm']:.0f} to {facts['farthest_mm']:.0f} mm"
        )
    parts.append(f"{facts['no_hand']} without a hand")
    parts.append(
        f"{facts['identical']} repeated, {facts['nearly_identical']} nearly so"
    )
    return "; ".join(parts) + "."


def _frames(data: str) -> Frames:
    """Frames of a data set, or of a folder that is none but holds frames."""
    if is_folder(data):
        folder = data.rpartition("@")[0] or data
        if (Path(folder) / description.FILE).is_file():
            raise ValueError(
                f"`data` must be folder:{folder} for a folder with {description.FILE}, "
                f"got {data}."
            )
        return looking.of_unlabelled(unlabelled.frames(data))
    read = labels_of(data)
    if isinstance(read, Labels):
        return looking.of_labels(read, data)
    return looking.of_recording(read)


def _goodness(look: Look) -> tuple[float, float, float, int]:
    if not look.known.any():
        return 2.0, 2.0, look.area_mm2, look.row
    hits = look.on_hand[look.known].mean(), look.in_cube[look.known].mean()
    return float(hits[0]), float(hits[1]), look.area_mm2, look.row


def _caption(figures: Mapping[str, Any]) -> str:
    if figures["on_hand_percent"] is None:
        return f"{figures['hand_cm2']} cm2 of hand"
    return (
        f"{figures['on_hand_percent']:g} % on the hand, "
        f"{figures['in_crop_percent']:g} % in the crop"
    )


def _short(path: str) -> str:
    """The last two parts of a path, as a person knows a frame."""
    return printable("/".join(Path(path).parts[-2:]))


def _count(frames: Frames) -> int:
    return len(frames.files) or len(
        [] if frames.joints_uvd is None else frames.joints_uvd
    )


def _percent(share: float) -> float | None:
    return round(100 * float(share), 1) if np.isfinite(share) else None
