"""Arrays of numbers from MATLAB files of format 5, which MATLAB calls 5 to 7.

Only what labels and centres are kept in is read: real arrays of class double or
single, plain or compressed. The reader of SciPy takes more, and damaged bytes end
the process in it; here they are a `ValueError`. Formats 4 and 7.3 are refused.

Source:
    The MathWorks, "MAT-File Format", chapter 1.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnets.data.files import file_bytes


MOST_BYTES = 1 << 31
"""Longest file that is read."""

MOST_NUMBERS = 1 << 27
"""Longest array that is read; the NYU train labels have 0.18 of it."""

LARGEST = 1e9
"""No pixel and no millimetre is larger; keeps later arithmetic finite."""

START = 128
"""Bytes before the first element."""

HEAD_BYTES = 4096
"""How much of a compressed array is looked at to learn its name and size."""

MATRIX, COMPRESSED = 14, 15
"""Kinds of element that a file is made of."""

CLASSES = (6, 7)
"""Double and single."""

COMPLEX = 0x800
"""Flag of an array with an imaginary part."""

STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
"""How numbers are stored; whole ones may be stored shorter than their class says."""


@dataclass(frozen=True, kw_only=True)
class _Head:
    """What stands before the numbers of an array."""

    name: str
    real: bool
    """Whether it is of class double or single and has no imaginary part."""
    shape: tuple[int, ...]
    end: int
    """Where the element with the numbers begins."""


def matrix(path: Path, key: str) -> np.ndarray:
    """One array of a file, float64.

    Args:
        path: The file.
        key: Name of the array in it.

    Raises:
        ValueError: If the file is missing, damaged or of another format, has no such
            array of real numbers, or a number is infinite or above `LARGEST`; NaN
            passes.
    """
    data, order = _whole(path)
    names = []
    for kind, body in _elements(path, data, order):
        array = body if kind == MATRIX else _inflated(path, body, HEAD_BYTES)
        head = _head(path, array, order)
        names.append(head.name)
        if head.name != key or not head.real:
            continue
        count = math.prod(head.shape)
        if not 0 < count <= MOST_NUMBERS:
            raise ValueError(
                f"{path} must hold 1 to {MOST_NUMBERS} numbers in {key}, got {count}."
            )
        if kind == COMPRESSED:
            array = _inflated(path, body, head.end + 16 + 8 * count, whole=True)
        return _checked(path, key, _numbers(path, array, head, order))
    raise ValueError(
        f"{path} must hold an array {key} of real numbers, and holds "
        f"{ascii(', '.join(names))[:200]}."
    )


def _checked(path: Path, key: str, found: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        wide = found.astype(np.float64)
        large = np.abs(wide) > LARGEST
    if large.any():
        place = [int(number) + 1 for number in np.argwhere(large)[0]]
        raise ValueError(
            f"{path} must hold finite numbers up to {LARGEST:g} in {key}, got "
            f"{wide[large][0]:g} at {place}."
        )
    return wide


def _whole(path: Path) -> tuple[memoryview, str]:
    """A file's bytes, and `<` or `>` for the order of bytes in its numbers."""
    data = file_bytes.first(path, MOST_BYTES + 1)
    order = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}.get(data[124:START])
    if order is None or len(data) > MOST_BYTES:
        raise ValueError(
            f"{path} must be a MATLAB file of format 5 (saved with -v7 or -v6), and is "
            "not."
        )
    return memoryview(data), order


def _elements(
    path: Path, data: memoryview, order: str
) -> Iterator[tuple[int, memoryview]]:
    """Kind and content of each array of a file, plain or compressed."""
    at = START
    while at < len(data):
        kind, body, at = _element(path, data, at, order)
        if kind in (MATRIX, COMPRESSED):
            yield kind, body


def _element(
    path: Path, data: memoryview, at: int, order: str
) -> tuple[int, memoryview, int]:
    """Kind and content of the element at a place, and the place behind it."""
    if len(data) < at + 8:
        raise ValueError(f"{path} must be a whole MATLAB file, and ends too early.")
    first, length = struct.unpack_from(f"{order}II", data, at)
    start, stop = at + 8, at + 8 + length
    if first >> 16:  # up to 4 bytes stand in the place of the length
        first, start, stop = first & 0xFFFF, at + 4, at + 4 + min(first >> 16, 4)
        after = at + 8
    else:
        after = stop if first == COMPRESSED else stop + -stop % 8
    if stop > len(data):
        raise ValueError(f"{path} must be a whole MATLAB file, and ends too early.")
    return first, data[start:stop], after


def _inflated(
    path: Path, body: memoryview, most: int, *, whole: bool = False
) -> memoryview:
    """Up to `most` bytes of a compressed element, without the tag before them."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(body, most)
    except zlib.error as error:
        raise ValueError(f"{path} cannot be decompressed: {error}.") from error
    if whole and not inflater.eof:
        raise ValueError(f"{path} must hold arrays as long as they say, and does not.")
    return memoryview(found)[8:]


def _head(path: Path, array: memoryview, order: str) -> _Head:
    """Name, kind and shape of an array."""
    _, flags, at = _element(path, array, 0, order)
    _, sizes, at = _element(path, array, at, order)
    _, name, at = _element(path, array, at, order)
    if len(flags) != 8 or len(sizes) % 4 or not 8 <= len(sizes) <= 128:
        raise ValueError(f"{path} must hold sound MATLAB arrays, and does not.")
    (flag,) = struct.unpack_from(f"{order}I", flags)
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    return _Head(
        name=bytes(name).decode("latin-1"),
        real=flag & 0xFF in CLASSES and not flag & COMPLEX and min(shape) >= 0,
        shape=shape,
        end=at,
    )


def _numbers(path: Path, array: memoryview, head: _Head, order: str) -> np.ndarray:
    """The numbers of an array as they are stored."""
    kind, body, _ = _element(path, array, head.end, order)
    count = math.prod(head.shape)
    dtype = np.dtype(order + STORED.get(kind, "V1"))
    if kind not in STORED or len(body) != count * dtype.itemsize:
        raise ValueError(
            f"{path} must hold {count} numbers in {ascii(head.name)[:80]}, and does not."
        )
    return np.frombuffer(body, dtype).reshape(head.shape, order="F")
