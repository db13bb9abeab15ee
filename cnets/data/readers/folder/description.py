"""`dataset.toml`: what the frames and the table of a folder mean.

Every key stands in docs/own-data.md. What nobody has looked at yet stands in the list
`guessed`; it is read like the rest, and told whenever the set is opened.
"""

from dataclasses import dataclass
from pathlib import Path

from cnets.cameras import Camera
from cnets.data.files.frame_files import FrameForm
from cnets.data.readers.folder import keys
from cnets.data.readers.folder.section import Section, read as read_toml
from cnets.hands.skeleton import Skeleton


FILE = "dataset.toml"
"""Name of the description in the folder of a data set."""

FORMS = ("csv", "jsonl", "parquet", "coco", "text")
"""What a table may be."""

WAYS = ("column", "person", "sequence", "time")
"""How frames are split."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """The file, checked; nothing else was opened."""

    path: Path
    guessed: tuple[str, ...]
    """Keys that nobody has confirmed, such as `camera` or `frames.unit_mm`."""
    hand: str
    """`right` or `left`; `right` where a column says it, whose left hands are turned."""
    hand_column: str
    """Empty where all hands are of one side."""
    camera: Camera
    form: FrameForm
    folder: str
    """Of the frames, relative to the description."""
    name: str
    """How a file is called: text with `{frame}` or `{frame:06d}` in it."""
    table: str
    """Of the table, relative to the description."""
    table_form: str
    """One of `FORMS`."""
    frame: str
    """Column of the frames' names."""
    person: str
    sequence: str
    """Columns, or empty."""
    skeleton: Skeleton
    joints: keys.Points
    missing: tuple[float, ...]
    """A joint all of whose numbers are one of these is not known."""
    behind_mm: float
    """How far a joint lies behind the surface, where only u and v are known."""
    centres: str
    """One of `keys.CENTRES`."""
    centre: keys.Points | None
    """Where the table says them."""
    split: str
    """One of `WAYS`."""
    split_column: str
    """Empty if there is none."""

    def notes(self) -> tuple[str, ...]:
        """What a person is to be told whenever the set is opened."""
        if not self.guessed:
            return ()
        names = ", ".join(self.guessed)
        return (
            f"{self.path} guesses {names}: look whether that is right, then take it out "
            "of the list `guessed`.",
        )


def read(folder: Path) -> Description:
    """The description of a folder.

    Raises:
        ValueError: If there is none, or it says something that cannot be; the sentence
            names file and key.
    """
    path = folder / FILE
    if not folder.is_dir():
        raise ValueError(f"`data` must name a folder that exists, got {folder}.")
    if not path.is_file():
        raise ValueError(
            f"{folder} must hold {FILE}, and does not; `crossnets data init {folder}` "
            "writes one."
        )
    whole = Section(path, "", read_toml(path))
    whole.only(keys.KEYS[""])
    tables = {name: whole.raw(name) for name in keys.KEYS if name}
    if isinstance(tables["hand"], str):
        tables["hand"] = None  # the set's hand, and no table with a column
    parts = {name: Section(path, name, tables[name]) for name in tables}
    for name, part in parts.items():
        part.only(keys.KEYS[name])
    camera, frames, table = (
        keys.camera(parts["camera"]),
        parts["frames"],
        parts["table"],
    )
    hand_column = parts["hand"].raw("column") and parts["hand"].text("column")
    skeleton = keys.skeleton(parts["joints"])
    split = parts["split"].choice("by", WAYS, "time")
    form = table.choice("form", FORMS)
    return Description(
        path=path,
        guessed=keys.guessed(whole),
        hand="right" if hand_column else whole.choice("hand", ("right", "left")),
        hand_column=hand_column or "",
        camera=camera,
        form=keys.form(frames, camera),
        folder=keys.inside(frames, "folder", "."),
        name=keys.name(frames),
        table=keys.inside(table, "file"),
        table_form=form,
        frame=table.text("frame", "frame"),
        person=keys.column(table, "person"),
        sequence=keys.column(table, "sequence"),
        skeleton=skeleton,
        joints=keys.points(parts["joints"], skeleton.joint_names),
        missing=parts["joints"].numbers("missing", (0.0,)),
        behind_mm=parts["joints"].number(
            "behind_mm", low=-1e-9, high=100.0, default=0.0
        ),
        centres=parts["centres"].choice("from", keys.CENTRES, "depth"),
        centre=keys.centre(parts["centres"]),
        split=split,
        split_column=keys.split_column(parts["split"], split),
    )
