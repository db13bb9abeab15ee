"""The keys of `dataset.toml`: which there are, and what each may say.

Each function raises a `ValueError` that names file and key.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnets import suggestions
from cnets.cameras import CAMERAS, Camera
from cnets.data.files import depth_files
from cnets.data.files.frame_files import FrameForm
from cnets.data.readers.folder.section import Section
from cnets.hands import skeleton as skeletons
from cnets.hands.skeleton import Skeleton


MOST_JOINTS = 512
"""Most joints of a hand."""

KINDS = ({"x", "y", "z"}, {"u", "v", "d"}, {"u", "v"})
"""The sets of numbers that say where a joint is."""

CENTRES = ("depth", "labels", "columns")
"""Where centres come from."""

LARGEST = 1e6
"""No pixel, no focal length and no unit is larger."""

KEYS = {
    "": ("guessed", "hand", "camera", "frames", "table", "joints", "centres", "split"),
    "hand": ("column",),
    "camera": ("name", "fx", "fy", "cx", "cy", "width", "height"),
    "frames": ("folder", "name", "unit_mm", "nothing", "channels"),
    "table": ("file", "form", "frame", "person", "sequence"),
    "joints": (
        *("names", "parents", "root", "evaluated", "axes", "columns", "unit_mm"),
        *("missing", "behind_mm"),
    ),
    "centres": ("from", "columns", "axes", "unit_mm"),
    "split": ("by", "column"),
}
"""Every key of the file, by its table."""

FRAME_PLACE = re.compile(r"\{frame(?::0(\d{1,2})d)?\}")
"""Where a pattern of file names has the frame, or its number with zeros before it."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """How the table says where something is: a joint, or a centre."""

    axes: tuple[str, ...]
    """Names of its numbers, in the order of the table, without signs."""
    signs: tuple[int, ...]
    """-1 where a number is to be turned round, such as a y that points down."""
    columns: tuple[str, ...]
    """One column a number, or one column with all of them."""
    unit_mm: float
    """Millimetres of one step of x, y, z and d."""

    @property
    def kind(self) -> str:
        """`xyz`, `uvd` or `uv`."""
        return "".join(axis for axis in "xyzuvd" if axis in self.axes)


def guessed(whole: Section) -> tuple[str, ...]:
    """The keys that are marked; each must be one that there is."""
    known = [name for name in KEYS if name]
    known += [f"{part}.{key}" for part, keys in KEYS.items() if part for key in keys]
    names = whole.texts("guessed", ())
    for name in names:
        if name not in known:
            near = suggestions.nearest(name, known)
            raise ValueError(
                f"{whole.key('guessed')} must name keys, got {name!r}{near}"
            )
    return names


def camera(part: Section) -> Camera:
    """A known camera by name, or six numbers."""
    if part.raw("name") is not None:
        return CAMERAS[part.choice("name", CAMERAS)]
    numbers = {key: part.number(key, low=0.0, high=LARGEST) for key in ("fx", "fy")}
    middle = {key: part.number(key, low=-LARGEST, high=LARGEST) for key in ("cx", "cy")}
    most = depth_files.MOST_PX
    sides = {
        f"{key}_px": part.whole(key, low=1, high=most) for key in ("width", "height")
    }
    return Camera(**numbers, **middle, **sides)  # pyright: ignore[reportArgumentType]


def form(part: Section, camera: Camera) -> FrameForm:
    """What the numbers in the frames mean."""
    channels = part.numbers("channels", ())
    if channels and (len(channels) != 3 or min(channels) < 0 or not any(channels)):
        raise ValueError(
            f"{part.key('channels')} must have three numbers of 0 or more, what red, "
            f"green and blue count, got {list(channels)}."
        )
    return FrameForm(
        width_px=camera.width_px,
        height_px=camera.height_px,
        unit_mm=part.number("unit_mm", low=0.0, high=LARGEST),
        nothing=part.numbers("nothing", (0.0,)),
        channels=channels,
    )


def name(part: Section) -> str:
    """The pattern of the files' names."""
    name = part.text("name", "{frame}")
    if len(FRAME_PLACE.findall(name)) != 1 or name.count("{") != 1:
        raise ValueError(
            f"{part.key('name')} must have {{frame}} or such as {{frame:06d}} in it "
            f"once, got {name!r:.80}."
        )
    return name


def inside(part: Section, key: str, default: str | None = None) -> str:
    """A path in the folder of the data set."""
    text = part.text(key, default)
    if Path(text).is_absolute() or ".." in Path(text).parts or "\\" in text:
        raise ValueError(
            f"{part.key(key)} must lie in the folder of the data set, got {text!r}."
        )
    return text


def column(part: Section, key: str) -> str:
    """A column's name, empty where none is named."""
    return "" if part.raw(key) is None else part.text(key)


def skeleton(part: Section) -> Skeleton:
    """The joints, how they hang together, and which stand out."""
    names = part.texts("names")
    if not 2 <= len(names) <= MOST_JOINTS or not all(map(str.strip, names)):
        raise ValueError(
            f"{part.key('names')} must have 2 to {MOST_JOINTS} joints, each with a name, "
            f"got {len(names)}."
        )
    try:
        return skeletons.of_parents(
            names,
            part.texts("parents"),
            root=part.text("root"),
            evaluated=part.texts("evaluated", ()),
        )
    except ValueError as error:
        if str(error).startswith(str(part.path)):
            raise
        raise ValueError(f"{part.path} [joints]: {error}") from error


def points(part: Section, joints: tuple[str, ...]) -> Points:
    """How joints are told; a pattern of columns is written out."""
    axes, signs = _axes(part)
    told: str | tuple[str, ...]
    if isinstance(part.raw("columns"), str):
        told = part.text("columns")
        fields = {"{joint}", "{number}"} & {*_fields(told)}
        if "{" in told and not (fields and "{axis}" in told):
            raise ValueError(
                f"{part.key('columns')} must have {{joint}} or {{number}}, and {{axis}}, "
                f"got {told!r:.80}."
            )
    else:
        told = part.texts("columns")
    columns = written_out(told, joints, axes)
    if len(columns) not in (1, len(joints) * len(axes)):
        raise ValueError(
            f"{part.key('columns')} must have one column, or {len(axes)} for each of "
            f"{len(joints)} joints, got {len(columns)}."
        )
    unit_mm = part.number("unit_mm", low=0.0, high=LARGEST, default=1.0)
    return Points(axes=axes, signs=signs, columns=columns, unit_mm=unit_mm)


def written_out(
    told: str | Sequence[str], joints: Sequence[str], axes: Sequence[str]
) -> tuple[str, ...]:
    """The columns that a pattern or a list stands for, in the order of a row."""
    if not isinstance(told, str):
        return tuple(told)
    if "{" not in told:
        return (told,)
    return tuple(
        told.replace("{joint}", joint)
        .replace("{number}", str(number))
        .replace("{axis}", axis)
        for number, joint in enumerate(joints)
        for axis in axes
    )


def _fields(text: str) -> list[str]:
    """The names in braces of a pattern."""
    return [f"{{{piece.split('}')[0]}}}" for piece in text.split("{")[1:]]


def _axes(
    part: Section, default: tuple[str, ...] | None = None
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and signs of the numbers of a point."""
    held = part.texts("axes", default)
    names = tuple(axis.removeprefix("-") for axis in held)
    signs = tuple(-1 if axis.startswith("-") else 1 for axis in held)
    if len(set(names)) != len(names) or set(names) - {"visible"} not in KINDS:
        raise ValueError(
            f'{part.key("axes")} must be such as ["x", "y", "z"], ["x", "-y", "z"] (y '
            'points down), ["u", "v", "d"] or ["u", "v", "visible"], got '
            f"{list(held)!r:.80}."
        )
    if any(
        sign < 0 and name not in "xyz" for name, sign in zip(names, signs, strict=True)
    ):
        raise ValueError(
            f"{part.key('axes')} must have no sign at a pixel or a depth, got {list(held)}."
        )
    return names, signs


def centre(part: Section) -> Points | None:
    """How the table tells centres, if it does."""
    if part.choice("from", CENTRES, "depth") != "columns":
        return None
    axes, signs = _axes(part, ("u", "v", "d"))
    columns = part.texts("columns")
    if "visible" in axes or len(axes) != 3 or len(columns) not in (1, 3):
        raise ValueError(
            f"{part.key('columns')} must have one column or three, and `axes` three "
            f"numbers, got {list(columns)} and {list(axes)}."
        )
    unit_mm = part.number("unit_mm", low=0.0, high=LARGEST, default=1.0)
    return Points(axes=axes, signs=signs, columns=columns, unit_mm=unit_mm)


def split_column(part: Section, by: str) -> str:
    """The column that says what a frame is for; empty if there is none."""
    if by == "column" or part.raw("column") is not None:
        return part.text("column")
    return ""
