"""Crops on disk: made once, memory-mapped by every trial.

A set lies in a folder named by the key of all it depends on. It is made beside
that place, chunk by chunk, and renamed, so a folder with the name is whole. A
line is written for each chunk that is on disk; a process that is killed leaves
them, and the next one keeps the chunks whose bytes are still those of their
line. Of two processes that make one set, the second waits for the first.

Each set has the checksums of its arrays beside it, one a piece so that several
threads can compare them, and every process does so when it opens the set. They
stand in a record with a checksum of its own (`cnets.sealed`); `results.checking.verify`
reads it too, without NumPy.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from cnets import durable, sealed
from cnets.data.crops.source import Part, Source


VERSION = 3
"""Version of the layout on disk, and the end of a set's name."""

CHUNK = 64
"""Frames that are made at once."""

PIECE_BYTES = 1 << 25
"""Bytes of a file that have one checksum."""

READ_BYTES = 1 << 20
"""Bytes that are read at once for a checksum."""

WAIT_S = 0.2
"""How often a process that waits for another looks again."""

CROPS, CENTRES, FACTS, DONE = "crops.npy", "centres.npy", "facts.json", "done.jsonl"

Progress = Callable[[int, int], None]
"""Called with the frames that are done and the frames there will be."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cached:
    """A set in the cache; the arrays are read-only."""

    crops: np.ndarray
    """float16 [frames, side, side], memory-mapped."""
    centres_mm: np.ndarray
    """float32 [frames, 3], centres of the crops' cubes, camera frame."""
    content: str
    """SHA-256 of the bytes that the crops were read from."""
    empty: tuple[int, ...]
    """Frames in whose cube nothing was seen."""


def cached(
    source: Source,
    side_px: int,
    cache: Path,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Cached:
    """The crops of a source, made if the cache has none.

    Args:
        source: Makes them.
        side_px: Side of the crops.
        cache: Folder of the cache; made if it is missing.
        progress: Told how far the making is.
        workers: Threads that make chunks; None is one a core.

    Raises:
        ValueError: If the cache cannot be written, holds damaged arrays under
            this name, or the source cannot be read.
    """
    folder = cache / f"{source.key(side_px)[:32]}-{VERSION}"
    if not folder.is_dir():
        source.check()
        try:
            _make(source, side_px, folder, progress, workers or os.cpu_count() or 1)
        except OSError as error:
            raise ValueError(
                f"`store` must be a folder that can be written, got {str(cache)!r}: "
                f"{error.strerror}."
            ) from error
    return _opened(folder)


def _opened(folder: Path) -> Cached:
    """A set that is there, if every byte is as it was written."""
    try:
        facts = sealed.decode((folder / FACTS).read_bytes())
        for name in (CROPS, CENTRES):
            if facts["pieces"][name] != checksums(folder / name):
                raise ValueError(f"{name} has changed")
        return Cached(
            crops=np.load(folder / CROPS, mmap_mode="r", allow_pickle=False),
            centres_mm=np.load(folder / CENTRES, mmap_mode="r", allow_pickle=False),
            content=facts["content"],
            empty=tuple(facts["empty"]),
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{folder} is damaged, delete it: {error} (it is made again)."
        ) from error


def checksums(path: Path) -> list[str]:
    """SHA-256 of each piece of a file, hexadecimal.

    Raises:
        OSError: If it cannot be read.
    """
    starts = range(0, path.stat().st_size, PIECE_BYTES)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(lambda start: _sha256(path, start), starts))


def _make(
    source: Source,
    side_px: int,
    folder: Path,
    progress: Progress | None,
    workers: int,
) -> None:
    """Make a set, or what is missing of it, and give it its name."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.parent / f".making-{folder.name}"
    with _alone(folder):
        if folder.is_dir():  # another process was first
            return
        aside.mkdir(exist_ok=True)
        arrays = _arrays(aside, source.frames, side_px)
        contents = _fill(source, side_px, aside, arrays, progress, workers)
        for array in arrays:
            array.flush()  # pyright: ignore[reportAttributeAccessIssue]
        starts = range(0, source.frames, CHUNK)
        blank = [(arrays[0][n : n + CHUNK] == 1).all((1, 2)) for n in starts]
        facts = {
            "version": VERSION,
            "pieces": {name: checksums(aside / name) for name in (CROPS, CENTRES)},
            "content": hashlib.sha256("\n".join(contents).encode()).hexdigest(),
            "empty": np.flatnonzero(np.concatenate(blank)).tolist(),
        }
        durable.write(aside / FACTS, sealed.encode(facts))
        (aside / DONE).unlink()
        aside.rename(folder)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock under which one set is made; wait for who has it."""
    path = folder.parent / f".making-{folder.name}.lock"
    with path.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(WAIT_S)
        try:
            yield
        finally:
            if folder.is_dir():  # nobody needs the lock any more
                path.unlink(missing_ok=True)


def _arrays(aside: Path, frames: int, side_px: int) -> tuple[np.ndarray, np.ndarray]:
    """The arrays to fill: those that are there if they have the right form."""
    made = []
    for name, kind, shape in (
        (CROPS, np.float16, (frames, side_px, side_px)),
        (CENTRES, np.float32, (frames, 3)),
    ):
        array = None
        with contextlib.suppress(OSError, EOFError, ValueError):
            array = np.load(aside / name, mmap_mode="r+", allow_pickle=False)
        if array is None or (array.dtype, array.shape) != (kind, shape):
            array = np.lib.format.open_memmap(aside / name, "w+", kind, shape)
        made.append(array)
    return made[0], made[1]


def _fill(
    source: Source,
    side_px: int,
    aside: Path,
    arrays: tuple[np.ndarray, np.ndarray],
    progress: Progress | None,
    workers: int,
) -> list[str]:
    """Make every chunk that is not there; returns the content of each."""
    frames = source.frames
    chunks = [
        slice(start, min(start + CHUNK, frames)) for start in range(0, frames, CHUNK)
    ]
    contents = _kept(aside, chunks, arrays)
    missing = [number for number in range(len(chunks)) if number not in contents]
    ready = sum(chunks[n].stop - chunks[n].start for n in contents)
    if progress is not None:
        progress(ready, frames)
    with (aside / DONE).open("a", encoding="utf-8") as log:
        for number, part in _parts(source, side_px, chunks, missing, workers):
            rows = chunks[number]
            arrays[0][rows], arrays[1][rows] = part.crops, part.centres_mm
            for array in arrays:
                array.flush()  # pyright: ignore[reportAttributeAccessIssue]
            _note(log, number, _digest(arrays, rows, part.content), part.content)
            contents[number] = part.content
            ready += rows.stop - rows.start
            if progress is not None:
                progress(ready, frames)
    return [contents[number] for number in range(len(chunks))]


def _parts(
    source: Source,
    side_px: int,
    chunks: list[slice],
    missing: list[int],
    workers: int,
) -> Iterator[tuple[int, Part]]:
    """Chunks in their order, made a few ahead of who takes them."""
    ahead: deque[tuple[int, Future[Part]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for number in missing:
                job = pool.submit(source.make, chunks[number], side_px)
                ahead.append((number, job))
                if len(ahead) > workers:
                    first, job = ahead.popleft()
                    yield first, job.result()
            for number, job in ahead:
                yield number, job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _kept(
    aside: Path, chunks: list[slice], arrays: tuple[np.ndarray, np.ndarray]
) -> dict[int, str]:
    """Content of the chunks that an interrupted call left whole."""
    kept: dict[int, str] = {}
    try:
        lines = (aside / DONE).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return kept
    for line in lines.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
            said = json.loads(line)  # the last line may be torn
            number = said["chunk"]
            rows, content = chunks[number], said["content"]
            if said["sha256"] == _digest(arrays, rows, content):
                kept[number] = content
    return kept


def _note(log: TextIO, number: int, digest: str, content: str) -> None:
    said: dict[str, Any] = {"chunk": number, "sha256": digest, "content": content}
    log.write(f"\n{json.dumps(said)}")  # a torn line before it stays apart
    log.flush()
    os.fsync(log.fileno())


def _digest(arrays: tuple[np.ndarray, np.ndarray], rows: slice, content: str) -> str:
    digest = hashlib.sha256(content.encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array[rows]).tobytes())
    return digest.hexdigest()


def _sha256(path: Path, start: int) -> str:
    """SHA-256 of the piece of a file that starts at a byte."""
    digest, stop = hashlib.sha256(), start + PIECE_BYTES
    with path.open("rb") as file:
        file.seek(start)
        while part := file.read(min(READ_BYTES, stop - file.tell())):
            digest.update(part)
    return digest.hexdigest()
