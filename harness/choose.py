"""Which frames of a data set or a folder to label next, so that few labels cover all.

The choice is that of `labels.choice` coverage. No label is looked at for it, and crops
have the centres that are found in the frames.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets.data import coverage, sources
from cnets.data.crops import cache as crop_cache
from cnets.data.crops.cache import Progress
from cnets.data.opening import open_data
from cnets.data.readers import unlabelled
from cnets.inference import crop_pictures, pictures
from harness import check_data


COLUMNS: tuple[str, ...] = ("rank", "frame", "row", "distance")
"""Of the CSV file; `frame` is the column that is read again."""

SEPARATORS = "\t;,"
"""What may stand between the cells of a file of names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """Frames that can be chosen from."""

    names: list[str]
    """Of all frames of the set: a file's name within its folder, or a number."""
    rows: np.ndarray
    """Those that may be labelled."""
    crops: np.ndarray
    """Of all frames, with centres found in the frames."""
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """Frames to label next, in their order."""

    data: str
    pool: Pool
    labelled: int
    """How many counted as labelled."""
    rows: np.ndarray
    distances: np.ndarray
    """Of each from all before it; infinite where nothing was before it.

    It is the root mean square difference of two crops, whose range is 2.
    """
    farthest: float | None
    """Distance of the frame that would come next; None if none is left."""

    def table(self) -> list[dict[str, int | str | float | None]]:
        """A row a frame, by the names of `COLUMNS`."""
        return [
            {
                "rank": rank + 1,
                "frame": self.pool.names[row],
                "row": int(row),
                "distance": round(float(away), 4) if np.isfinite(away) else None,
            }
            for rank, (row, away) in enumerate(
                zip(self.rows, self.distances, strict=True)
            )
        ]

    def radii(self) -> list[tuple[int, float]]:
        """How far the farthest other frame is, after 1, 2, 5, 10 and so on frames."""
        after = [
            *self.distances[1:],
            *([] if self.farthest is None else [self.farthest]),
        ]
        steps = [n * 10**power for power in range(9) for n in (1, 2, 5)]
        wanted = sorted({*(n for n in steps if n <= len(after)), len(after)} - {0})
        return [(number, float(after[number - 1])) for number in wanted]


def choose(
    data: str,
    *,
    count: int,
    labelled: Path | None = None,
    seed: int = 0,
    side_px: int = 128,
    cache: Path,
    progress: Progress | None = None,
) -> Chosen:
    """Choose frames by what they show.

    Args:
        data: A data set, of which the training frames are chosen from, or a folder of
            frames without labels, `DIR[@CAMERA]`.
        count: How many.
        labelled: A file of frames that are labelled already: a name a line, or a table
            with a column `frame`, else names in its first column.
        seed: Draws the first frame where none is labelled.
        side_px: Side of the crops.
        cache: Folder of prepared data.
        progress: Told how far the preparation is.

    Raises:
        ValueError: If an argument is wrong, or the set unknown, missing or damaged.
    """
    if not count >= 1:
        raise ValueError(f"`count` must be 1 or more, got {count}.")
    if not 0 <= seed < 2**63:
        raise ValueError(f"`seed` must be in [0, 2**63), got {seed}.")
    names = [] if labelled is None else names_of(labelled)
    pool = pool_of(data, side_px=side_px, cache=cache, progress=progress)
    given = _rows(pool, names, labelled, data)
    before = np.flatnonzero(np.isin(pool.rows, given))
    left = len(pool.rows) - len(before)
    if count > left:
        raise ValueError(
            f"`count` must be at most {left}, the frames of {data} to train on that show "
            f"a hand and are not labelled yet, got {count}."
        )
    points, step = coverage.features(pool.crops, pool.rows)
    more = min(count + 1, left)
    places, steps = coverage.traversal(points, more, chosen=before.tolist(), seed=seed)
    away = steps * step
    return Chosen(
        data=data,
        pool=pool,
        labelled=len(before),
        rows=pool.rows[places[:count]],
        distances=away[:count],
        farthest=float(away[count]) if more > count else None,
    )


def pool_of(data: str, *, side_px: int, cache: Path, progress: Progress | None) -> Pool:
    """The frames of a data set that may be labelled, or of a folder."""
    if check_data.is_folder(data):
        found = unlabelled.frames(data)
        source = sources.of_unlabelled(found)
        crops = crop_cache.cached(source, side_px, cache, progress).crops
        root, files, rows = found.folder, found.files, np.arange(len(crops))
        notes = found.notes
    else:
        opened = open_data(data, side_px=side_px, cache=cache, progress=progress)
        crops = opened.crops
        if opened.label_free_crops is not None:
            crops = opened.label_free_crops()
        root, files = Path(data.partition(":")[2]), opened.files
        rows, notes = opened.rows("train"), opened.notes
    named = [_name(path, root) for path in files]
    return Pool(
        names=named or [str(row) for row in range(len(crops))],
        rows=coverage.shown(crops, rows),
        crops=crops,
        notes=notes,
    )


def names_of(path: Path) -> list[str]:
    """The names of frames that a file holds.

    Raises:
        ValueError: If it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ValueError(
            f"`labelled` must be a file of names, got {str(path)!r}: {reason}."
        ) from error
    lines = [line for line in lines if line.strip()]
    mark = next((sign for sign in SEPARATORS if lines and sign in lines[0]), ",")
    cells = [
        [cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)
    ]
    column = 0
    if cells and "frame" in cells[0]:
        column, cells = cells[0].index("frame"), cells[1:]
    return [row[column] for row in cells if len(row) > column and row[column]]


def check_out(out: Path) -> None:
    """Refuse a file that could not be written, or that is not one of ours.

    Raises:
        ValueError: If it is no CSV file in a folder that exists, or one that something
            else has written.
    """
    pictures.check_png(sheet_of(out), "out")
    if out.suffix.lower() != ".csv" or out.is_dir():
        raise ValueError(f"`out` must name a CSV file, got {str(out)!r}.")
    if out.exists():
        with out.open(encoding="utf-8", errors="replace") as file:
            if file.readline().strip() != ",".join(COLUMNS):
                raise ValueError(
                    f"`out` must be a new file or an earlier choice, got {str(out)!r}, "
                    "which holds something else."
                )


def sheet_of(out: Path) -> Path:
    """Where the contact sheet of a choice lies: beside it."""
    return out.with_suffix(".png")


def write(chosen: Chosen, out: Path) -> None:
    """Write the frames as a table, and their crops in the same order as a picture.

    Raises:
        ValueError: If they cannot be written.
    """
    check_out(out)
    picture = crop_pictures.sheet(chosen.pool.crops[chosen.rows])
    pictures.save_png(sheet_of(out), picture)
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(chosen.table())
    except OSError as error:
        raise ValueError(
            f"`out` must be a file to write, got {str(out)!r}: {error.strerror}."
        ) from error


def _rows(pool: Pool, names: Sequence[str], path: Path | None, data: str) -> np.ndarray:
    """The frames that names stand for: whole, without folders, or without an ending."""
    known: dict[str, set[int]] = {}
    for row, name in enumerate(pool.names):
        for key in {name, Path(name).name, Path(name).stem}:
            known.setdefault(key, set()).add(row)
    found = []
    for name in names:
        rows = known.get(name, set())
        exact = [row for row in rows if pool.names[row] == name]
        if len(exact or rows) != 1:
            how_many = f"{len(rows)} frames have" if rows else "no frame has"
            raise ValueError(
                f"`labelled` must name frames of {data}, got {name!r} in {path}, which "
                f"{how_many}."
            )
        found.extend(exact or rows)
    return np.array(found, int)


def _name(path: Path, root: Path) -> str:
    """A file's name within its folder."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
