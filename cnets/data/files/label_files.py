"""Joints from label files: text, tables of numbers and MATLAB files, as arrays.

Nothing here knows a data set's folders; the readers beside this file do. Text may
be gzipped, whatever its name. Rows are counted from 1, as an editor shows them.
Blank lines are passed over at the end of a file only.
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from cnets.data.files import file_bytes


Table = Float64[np.ndarray, "rows columns"]
"""Numbers of a text file, one row a line."""

Uvd = Float64[np.ndarray, "frames joints 3"]
"""Joints in an image: u and v in pixels, depth in millimetres."""

JointsMm = Float64[np.ndarray, "frames joints 3"]
"""Joint positions, millimetres, camera frame (x right, y up, z away)."""

MOST_BYTES = 1 << 30
"""Longest text that is read; the largest known label file has 0.13 of it."""

LARGEST = 1e9
"""No pixel and no millimetre is larger; keeps later arithmetic finite."""

NEAREST_MM = 1.0
"""No joint is nearer to the camera."""

HANDS_MM = (60.0, 3000.0)
"""Between these lies the middle depth of the hands in every file."""


def numbers(path: Path, columns: int, *, gaps: bool = False) -> Table:
    """The numbers of a text file, separated by white space or commas.

    Args:
        path: The file.
        columns: Numbers in every row, 1 or more.
        gaps: Whether `nan` may stand for a number that is missing, and `invalid` at
            the start of a row for all of its numbers.

    Raises:
        ValueError: If the file is missing, empty or damaged, or a row has another
            count of numbers, or one that is not finite.
    """
    lines = _lines(path)
    if gaps:
        unknown = " ".join(["nan"] * columns)
        lines = [unknown if line.split()[:1] == ["invalid"] else line for line in lines]
    return _table(path, lines, columns, 1, gaps)


def uvd_text(path: Path, joints: int) -> Uvd:
    """Labels or predictions of one frame a row: u, v and depth of each joint.

    Raises:
        ValueError: As `numbers` does.
    """
    return numbers(path, 3 * joints).reshape(-1, joints, 3)


def named_uvd(
    path: Path, joints: int, *, gaps: bool = False
) -> tuple[tuple[str, ...], Uvd]:
    """Names of images and the joints in each.

    Args:
        path: A file whose rows have a name, then u, v and depth of each joint.
        joints: Joints in a row.
        gaps: Whether joints may be missing, as `without_marks` says; a name alone
            is then a frame without any.

    Raises:
        ValueError: If the file is missing, empty or damaged, or a row has another
            count of numbers, or one that is not finite.
    """
    names, rows = [], []
    for line in _lines(path):
        name, *cells = line.split() or [""]
        names.append(name)
        bare = gaps and name and not cells
        rows.append(" ".join(["nan"] * 3 * joints if bare else cells))
    found = _table(path, rows, 3 * joints, 1, gaps).reshape(-1, joints, 3)
    return tuple(names), without_marks(found) if gaps else found


def msra_joints(path: Path, *, gaps: bool = False) -> JointsMm:
    """The 21 joints of the frames of an MSRA sequence, z away from the camera.

    Args:
        path: A file whose first row is the count of frames; then x, y and z of each
            joint, millimetres, z towards the viewer.
        gaps: Whether joints may be missing, as `without_marks` says.

    Raises:
        ValueError: If the file is missing, empty or damaged, or its first row is not
            the count of the rows that follow.
    """
    first, *rest = _lines(path)
    count = first.strip()
    if not (count.isascii() and count.isdigit()):
        raise ValueError(
            f"{path} must begin with the count of its frames, got {count[:40]!r} in "
            "row 1."
        )
    if count.lstrip("0") != str(len(rest)):
        raise ValueError(
            f"{path} must hold as many frames as row 1 says, got {len(rest)} and "
            f"{count[:40]}."
        )
    joints = _table(path, rest, 63, 2, gaps).reshape(-1, 21, 3)
    return (without_marks(joints) if gaps else joints) * np.array([1.0, 1.0, -1.0])


def without_marks(points: Uvd) -> Uvd:
    """Joints as a file has them, with NaN for those that it marks as not known.

    A joint is not known if one of its numbers is NaN, or if all three are the same
    and not above 0, such as 0 or -1: no camera sees a point there.

    Args:
        points: Pixels and depth, or millimetres whose z is towards the viewer.
    """
    first = points[..., :1]
    unknown = np.isnan(points) | (
        (points == first).all(-1, keepdims=True) & (first <= 0)
    )
    return np.where(unknown.any(-1, keepdims=True), np.nan, points)


def has_tables(folder: Path) -> bool:
    """Whether a folder holds one of the tables that `uvd_tables` reads."""
    return any(_table_path(folder, axis) for axis in "uvd")


def uvd_tables(folder: Path, joints: int = 36) -> Uvd:
    """Joints from the three tables `joint_1_u.csv`, `joint_1_v.csv`, `joint_1_d.csv`.

    Args:
        folder: Holds them, plain or as `.csv.gz`, in itself or in `joints36`.
        joints: Numbers in a row.

    Raises:
        ValueError: If a table is missing, empty or damaged, they differ in length, or
            a depth is below `NEAREST_MM`.
    """
    tables = []
    for axis in "uvd":
        path = _table_path(folder, axis)
        if path is None:
            raise ValueError(
                f"{folder} must hold joint_1_{axis}.csv or joint_1_{axis}.csv.gz, and "
                "holds neither."
            )
        tables.append(numbers(path, joints))
        if len(tables[-1]) != len(tables[0]):
            raise ValueError(
                f"{path} must have as many rows as joint_1_u.csv, got "
                f"{len(tables[-1])} and {len(tables[0])}."
            )
    uvd = np.stack(tables, -1)
    check_depths(_table_path(folder, "d") or folder, uvd)
    return uvd


def check_depths(path: Path, points: Float64[np.ndarray, "frames joints 3"]) -> None:
    """Refuse joints that do not lie in front of the camera, or not as hands do.

    NaN passes.

    Args:
        path: Named in the error.
        points: Their third number is a depth in millimetres.

    Raises:
        ValueError: If a depth is below `NEAREST_MM`, or the middle one outside
            `HANDS_MM`, as it is in centimetres.
    """
    near = np.argwhere(points[..., 2] < NEAREST_MM)
    if len(near):
        frame, joint = near[0]
        raise ValueError(
            f"{path} must hold depths of {NEAREST_MM:g} mm or more, got "
            f"{points[frame, joint, 2]:g} in frame {frame + 1}, joint {joint}."
        )
    depths = points[..., 2][~np.isnan(points[..., 2])]
    middle = float(np.median(depths)) if len(depths) else HANDS_MM[0]
    if not HANDS_MM[0] <= middle <= HANDS_MM[1]:
        raise ValueError(
            f"{path} must hold the depths of hands in mm, {HANDS_MM[0]:g} to "
            f"{HANDS_MM[1]:g}, and the middle one is {middle:g}: likely they are in "
            "another unit."
        )


def _table_path(folder: Path, axis: str) -> Path | None:
    name = f"joint_1_{axis}.csv"
    for place in (folder / "joints36", folder):
        for path in (place / f"{name}.gz", place / name):
            if path.is_file():
                return path
    return None


def _lines(path: Path) -> list[str]:
    """The lines of a text file up to the last that is not blank; one at least."""
    file_bytes.check_file(path)
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b" or path.suffix == ".gz"
            file.seek(0)
            text = gzip.GzipFile(fileobj=file) if zipped else file
            held = text.read(MOST_BYTES + 1)
        if len(held) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        # Not splitlines: the ICVL files end their rows with two carriage returns.
        lines = held.decode("utf-8-sig").rstrip().split("\n")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}.") from error
    if lines == [""]:
        raise ValueError(f"{path} must hold one row or more, and is empty.")
    return lines


def _table(path: Path, lines: list[str], columns: int, first: int, gaps: bool) -> Table:
    """Numbers of lines, the first of which is row `first` of the file."""
    rows = np.empty((len(lines), columns))
    for number, line in enumerate(lines):
        cells = line.replace(",", " ").split()
        if len(cells) != columns:
            many, odd = divmod(len(cells), 3)
            cause = "" if odd or columns < 6 else f", as {many} joints have"
            raise ValueError(
                f"{path} must have {columns} numbers in every row, got {len(cells)} in "
                f"row {first + number}{cause}."
            )
        try:
            plain = line.isascii() and "_" not in line
            rows[number] = list(map(float if plain else _number, cells))
        except ValueError:
            rows[number] = list(map(_number, cells))
    wrong = ~(np.abs(rows) <= LARGEST)
    if gaps:
        wrong &= ~np.isnan(rows)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        got = lines[row].replace(",", " ").split()[column]
        raise ValueError(
            f"{path} must hold finite numbers up to {LARGEST:g}, got {got[:40]!r} in row "
            f"{first + row}, column {column + 1}."
        )
    return rows


def _number(cell: str) -> float:
    """What a cell says; infinite if it is no number as other programs write one."""
    try:
        return float(cell) if "_" not in cell and cell.isascii() else math.inf
    except ValueError:
        return math.inf
