"""Depth frames from files: NYU and 16-bit PNG, MSRA binary; millimetres come out.

A PNG is taken apart here and its checksums compared; only its size and its pixels
reach the decoder, so that no other part of a damaged or hostile file can matter.
"""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from cnets.data.files import file_bytes


FrameMm = Float32[np.ndarray, "height width"]
"""One depth frame, millimetres; 0 where nothing was seen."""

KINDS = ("nyu", "mm", "msra")
"""NYU's RGB PNG, a 16-bit grey PNG of millimetres, MSRA's binary files."""

NYU_NOTHING_MM = 2001
"""What NYU frames hold where nothing was seen."""

MM_NOTHING = 32001
"""What ICVL frames hold where nothing was seen."""

MOST_PX = 4096
"""Most pixels along a side of a frame."""

MOST_MM = 65535.0
"""Largest depth; a 16-bit file cannot hold more."""

MOST_BYTES = 1 << 27
"""Longest file; a frame of `MOST_PX` squared has half of it at 4 bytes a pixel."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"

FORMS = {(8, 2): "nyu", (16, 0): "mm"}
"""Kind of a PNG by its bits a sample and its colour type."""

BYTES = {"nyu": 3, "mm": 2}
"""Bytes a pixel."""

NAMES = {"nyu": "an RGB PNG of 8 bits (NYU)", "mm": "a grey PNG of 16 bits"}
"""The kinds of PNG in words."""


def read_depth(path: Path, kind: str) -> FrameMm:
    """One depth frame, 0 where nothing was seen.

    Args:
        path: The file.
        kind: One of `KINDS`.

    Raises:
        ValueError: If the kind is unknown, or the file is missing, damaged, or of
            another kind; the sentence names the file.
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {KINDS}, got {kind!r}.")
    data = _bytes(path)
    return _msra(path, data) if kind == "msra" else _png(path, data, (kind,))


def read_any(path: Path) -> FrameMm:
    """One depth frame of whichever kind the file is, 0 where nothing was seen.

    Args:
        path: A file that ends in `.bin` is MSRA's, any other must be a PNG.

    Raises:
        ValueError: If the file is missing, damaged, or of no known kind.
    """
    data = _bytes(path)
    if path.suffix.lower() == ".bin":
        return _msra(path, data)
    return _png(path, data, ("nyu", "mm"))


def png_form(path: Path) -> tuple[int, int, str]:
    """Width, height and kind of a PNG, from its first bytes alone.

    Returns:
        The kind is one of `KINDS`, or words for one that holds no depths.

    Raises:
        ValueError: If the file is missing, no PNG, or too large.
    """
    return _header(path, file_bytes.first(path, 33))


def size_px(path: Path) -> tuple[int, int]:
    """Width and height of a frame of any kind, from its first bytes alone.

    Raises:
        ValueError: If the file is missing, no depth frame, or too large.
    """
    if path.suffix.lower() == ".bin":
        return _msra_size(path, file_bytes.first(path, 24))
    return png_form(path)[:2]


def _bytes(path: Path) -> bytes:
    data = file_bytes.first(path, MOST_BYTES + 1)
    if not 0 < len(data) <= MOST_BYTES:
        size = "is empty" if not data else "is longer"
        raise ValueError(f"{path} must have 1 to {MOST_BYTES} bytes, and {size}.")
    return data


def _header(path: Path, data: bytes) -> tuple[int, int, str]:
    """Width, height and kind of a PNG."""
    if len(data) < 33 or data[:16] != SIGNATURE + b"\0\0\0\x0dIHDR":
        raise ValueError(f"{path} must be a PNG, and does not begin like one.")
    width, height, bits, colour = struct.unpack(">IIBB", data[16:26])
    if not (0 < width <= MOST_PX and 0 < height <= MOST_PX):
        raise ValueError(
            f"{path} must have sides of 1 to {MOST_PX} pixels, got {width} x {height}."
        )
    return width, height, FORMS.get((bits, colour), f"{bits} bits, colour {colour}")


def _png(path: Path, data: bytes, kinds: tuple[str, ...]) -> FrameMm:
    """A frame of one of some kinds of PNG."""
    from PIL import Image  # training on rendered hands does without it

    width, height, held = _header(path, data)
    if held not in kinds:
        wanted = " or ".join(NAMES[kind] for kind in kinds)
        raise ValueError(f"{path} must be {wanted}, and is {NAMES.get(held, held)}.")
    size = height * (1 + width * BYTES[held])
    bare = essentials(path, data, size)
    try:
        with Image.open(io.BytesIO(bare), formats=["PNG"]) as image:
            pixels = np.asarray(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"{path} cannot be decoded: {error}.") from error
    if pixels.shape[:2] != (height, width):
        raise ValueError(
            f"{path} must have {height} x {width} pixels, got {pixels.shape}."
        )
    if held == "nyu":
        if pixels[..., 0].any():
            raise ValueError(
                f"{path} must be a depth frame, whose red is 0, and is not."
            )
        depth_mm = pixels[..., 1].astype(np.float32) * 256 + pixels[..., 2]
        depth_mm[depth_mm == NYU_NOTHING_MM] = 0
        return depth_mm
    depth_mm = pixels.astype(np.float32)
    depth_mm[depth_mm == MM_NOTHING] = 0
    return depth_mm


def essentials(path: Path, data: bytes, size: int) -> bytes:
    """A PNG's header, pixels and end, each with a checksum that is right.

    Args:
        path: Named in errors.
        data: The file.
        size: Bytes that the pixels must have; the decoder would fill up what lacks.
    """
    kept, pixels, at, name = [SIGNATURE], [], len(SIGNATURE), b""
    while name != b"IEND":
        stop = at + 12 + int.from_bytes(data[at : at + 4])
        if stop > len(data):
            raise ValueError(f"{path} must be a whole PNG, and ends too early.")
        name = data[at + 4 : at + 8]
        if zlib.crc32(data[at + 4 : stop - 4]) != int.from_bytes(data[stop - 4 : stop]):
            raise ValueError(
                f"{path} must have the checksums of its parts, and part {name!r} differs."
            )
        if name in (b"IHDR", b"IDAT", b"IEND"):
            kept.append(data[at:stop])
        if name == b"IDAT":
            pixels.append(data[at + 8 : stop - 4])
        at = stop
    try:
        length = len(zlib.decompressobj().decompress(b"".join(pixels), size + 1))
    except zlib.error as error:
        raise ValueError(f"{path} cannot be decoded: {error}.") from error
    if length != size or data[28]:
        raise ValueError(
            f"{path} must hold all its pixels, row by row (not interlaced), and does not."
        )
    return b"".join(kept)


def _msra(path: Path, data: bytes) -> FrameMm:
    """A rectangle of depths in a frame of zeros."""
    width, height = _msra_size(path, data)
    left, top, right, bottom = struct.unpack("<4i", data[8:24])
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise ValueError(
            f"{path} must have its rectangle in {width} x {height} pixels, got columns "
            f"{left} to {right} and rows {top} to {bottom}."
        )
    size = 24 + 4 * (right - left) * (bottom - top)
    if len(data) != size:
        raise ValueError(f"{path} must have {size} bytes, got {len(data)}.")
    patch = np.frombuffer(data, "<f4", offset=24).reshape(bottom - top, right - left)
    if not ((patch >= 0) & (patch <= MOST_MM)).all():
        raise ValueError(
            f"{path} must hold depths of 0 to {MOST_MM:g} mm, others found."
        )
    frame_mm = np.zeros((height, width), np.float32)
    frame_mm[top:bottom, left:right] = patch
    return frame_mm


def _msra_size(path: Path, data: bytes) -> tuple[int, int]:
    """Width and height of MSRA's binary frame."""
    if len(data) < 24:
        raise ValueError(
            f"{path} must begin with 6 numbers, and has {len(data)} bytes."
        )
    width, height = struct.unpack("<2i", data[:8])
    if not (0 < width <= MOST_PX and 0 < height <= MOST_PX):
        raise ValueError(
            f"{path} must have sides of 1 to {MOST_PX} pixels, got {width} x {height}."
        )
    return width, height
