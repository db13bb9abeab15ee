"""Depth frames of any data set, from files whose meaning a description says.

PNG (8 or 16 bits, grey or colours that pack a depth), TIFF, `.npy` and MSRA's `.bin`.
Nothing is guessed from a file here: `FrameForm` says what its numbers mean.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets.data.files import depth_files, file_bytes
from cnets.data.files.depth_files import FrameMm


ENDINGS = (".png", ".tif", ".tiff", ".npy", ".bin")
"""How the names of frames end, in small letters."""

COLOURS = {0: 1, 2: 3, 6: 4}
"""Channels of a PNG by its colour type; palettes and grey with alpha hold no depth."""

MODES = ("L", "I", "F", "I;16", "I;16B", "I;16L", "RGB", "RGBA")
"""Kinds of pixels, as Pillow calls them, that are numbers and no picture."""


@dataclass(frozen=True, kw_only=True)
class FrameForm:
    """What the numbers in the frames of a data set mean."""

    width_px: int
    height_px: int
    unit_mm: float = 1.0
    """Millimetres of one step."""
    nothing: tuple[float, ...] = (0.0,)
    """Steps that stand for "no depth was seen"."""
    channels: tuple[float, ...] = ()
    """What red, green and blue count in steps; none for grey files."""

    def read(self, path: Path) -> FrameMm:
        """One depth frame, millimetres, 0 where nothing was seen.

        Raises:
            ValueError: If the file is missing or damaged, of another form or size, or
                holds a depth below 0 or beyond `depth_files.MOST_MM`.
        """
        steps = numbers(path)
        if steps.ndim == 3:
            steps = self._packed(path, steps)
        elif self.channels:
            raise ValueError(
                f"{path} must have colours, because `channels` says what they count, "
                "and is grey."
            )
        if steps.shape != (self.height_px, self.width_px):
            height, width = steps.shape
            raise ValueError(
                f"{path} must have {self.width_px} x {self.height_px} pixels as the "
                f"camera has, got {width} x {height}."
            )
        seen = np.isfinite(steps) & ~np.isin(steps, self.nothing)
        depth_mm = np.where(seen, steps * self.unit_mm, 0)
        lowest, highest = float(depth_mm.min()), float(depth_mm.max())
        if lowest < 0 or highest > depth_files.MOST_MM:
            wrong = lowest if lowest < 0 else highest
            raise ValueError(
                f"{path} must hold depths of 0 to {depth_files.MOST_MM:g} mm, got "
                f"{wrong:g}; are `unit_mm` and `nothing` right?"
            )
        return depth_mm.astype(np.float32)

    def _packed(self, path: Path, steps: np.ndarray) -> np.ndarray:
        """Steps from colours; alpha is not looked at."""
        if not self.channels:
            raise ValueError(
                f"{path} must be grey, and has colours; if they pack a depth, say in "
                "`channels` what red, green and blue count."
            )
        return steps[..., :3] @ np.array(self.channels)


def read(path: Path, form: FrameForm | None) -> FrameMm:
    """One depth frame, millimetres, 0 where nothing was seen.

    Args:
        path: The file.
        form: What its numbers mean; None for the data sets whose files say it.

    Raises:
        ValueError: If the file is missing, damaged, or of another form.
    """
    return depth_files.read_any(path) if form is None else form.read(path)


def numbers(path: Path) -> np.ndarray:
    """What a file holds, [height, width] or [height, width, channels], float64.

    Raises:
        ValueError: If it is missing, damaged, or of no known kind.
    """
    data = file_bytes.first(path, depth_files.MOST_BYTES + 1)
    if not 0 < len(data) <= depth_files.MOST_BYTES:
        size = "is empty" if not data else "is longer"
        raise ValueError(
            f"{path} must have 1 to {depth_files.MOST_BYTES} bytes, and {size}."
        )
    match path.suffix.lower():
        case ".png":
            held = _png(path, data)
        case ".tif" | ".tiff":
            held = _decoded(path, data, "TIFF")
        case ".npy":
            held = _npy(path, data)
        case ".bin":
            held = depth_files.read_depth(path, "msra")
        case ending:
            known = ", ".join(ENDINGS)
            raise ValueError(f"{path} must end in one of {known}, got {ending!r}.")
    return held.astype(np.float64)


def _png(path: Path, data: bytes) -> np.ndarray:
    """Pixels of a PNG whose checksums and length are right."""
    width, height, _ = depth_files.png_form(path)
    bits, colour = struct.unpack(">BB", data[24:26])
    if colour not in COLOURS or bits not in (8, 16) or (bits == 16 and colour):
        raise ValueError(
            f"{path} must be a PNG of 8 or 16 bits of grey, or of colours of 8 bits, got "
            f"{bits} bits of colour type {colour}."
        )
    row_bytes = 1 + width * COLOURS[colour] * bits // 8
    return _decoded(path, depth_files.essentials(path, data, height * row_bytes), "PNG")


def _decoded(path: Path, data: bytes, kind: str) -> np.ndarray:
    """Pixels of an image of one kind."""
    from PIL import Image  # training on rendered hands does without it

    most = depth_files.MOST_PX
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            if max(image.size) > most:
                raise ValueError(f"it has {image.width} x {image.height} pixels")
            if image.mode not in MODES:
                raise ValueError(f"its pixels are of the kind {image.mode}")
            return np.asarray(image)
    except Exception as error:  # Pillow's readers raise whatever a damaged file meets
        raise ValueError(f"{path} cannot be decoded: {error}.") from error


def _npy(path: Path, data: bytes) -> np.ndarray:
    """The array of a file of NumPy's, which may hold numbers of one frame only."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, by_columns, kind = header(file)
    except Exception as error:  # the header is Python text, and fails as Python does
        raise ValueError(f"{path} must begin as .npy files do: {error}.") from error
    if kind.kind not in "uif" or kind.itemsize > 8 or kind.hasobject:
        raise ValueError(f"{path} must hold plain numbers, got {kind}.")
    sides = len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4))
    if not (sides and all(0 < side <= depth_files.MOST_PX for side in shape)):
        raise ValueError(
            f"{path} must hold one frame, [height, width], got {list(shape)}."
        )
    size = int(np.prod(shape)) * kind.itemsize
    if len(data) - file.tell() != size:
        raise ValueError(
            f"{path} must hold {size} bytes of numbers, got {len(data) - file.tell()}."
        )
    order = "F" if by_columns else "C"
    return np.frombuffer(data, kind, offset=file.tell()).reshape(shape, order=order)
