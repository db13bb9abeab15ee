"""Crops of recorded depth frames, through the one pipeline of `crop.py`."""

import hashlib
import json
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from cnets import cameras, geometry
from cnets.cameras import Camera
from cnets.data.crops import centre, crop
from cnets.data.crops.source import Part, Source
from cnets.data.files import depth_files, frame_files
from cnets.data.files.frame_files import FrameForm


VERSION = 2
"""Raised whenever the same files would be cropped differently."""


class Recorded(Source):
    """Depth frames on disk."""

    def __init__(
        self,
        files: tuple[Path, ...],
        camera: Camera,
        *,
        centres_uvd: np.ndarray | None = None,
        mirrored: bool = False,
        background_mm: np.ndarray | None = None,
        form: FrameForm | None = None,
        turned: np.ndarray | None = None,
    ) -> None:
        """Take the frames; nothing is read yet.

        Args:
            files: One a frame.
            camera: The camera of all of them.
            centres_uvd: float32 [frames, 3], centres of the hands; NaN in a row, or
                None for all, to find them in the frames.
            mirrored: Whether left and right are turned round.
            background_mm: float32 [frames], depth from which on a pixel is
                background; infinite where there is no such depth.
            form: What the numbers in the frames mean; None: a file's form says it.
            turned: bool [frames], frames that are turned round even so; None: none.
        """
        self.files, self.camera = files, camera
        self.centres_uvd, self.mirrored = centres_uvd, mirrored
        self.background_mm = background_mm
        self.form, self.turned = form, turned

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.files)

    @cached_property
    def _stamp(self) -> str:
        """SHA-256 of what the files look like from outside."""
        digest = hashlib.sha256()
        for path in self.files:
            try:
                facts = path.stat()
            except OSError as error:
                raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
            digest.update(f"{path}|{facts.st_size}|{facts.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def key(self, side_px: int) -> str:
        """SHA-256 of the files' names, sizes and times, and of the settings."""
        facts = [VERSION, side_px, repr(self.camera), self.mirrored, self._stamp]
        digest = hashlib.sha256(json.dumps(facts).encode())
        for array in (self.centres_uvd, self.background_mm):
            digest.update(b"none" if array is None else array.tobytes())
        if self.form is not None:
            digest.update(repr(self.form).encode())
        if self.turned is not None:
            digest.update(self.turned.tobytes())
        return digest.hexdigest()

    def check(self) -> None:
        """See that every frame has the camera's size; a form sees to it by itself."""
        for path in self.files if self.form is None else ():
            cameras.check_size(self.camera, *depth_files.size_px(path), path)

    def make(self, rows: slice, side_px: int) -> Part:
        """Crops of some frames."""
        crops, centres, content = [], [], hashlib.sha256()
        for row in range(rows.start, rows.stop):
            path = self.files[row]
            frame_mm = frame_files.read(path, self.form)
            content.update(frame_mm.tobytes())
            if self.background_mm is not None:
                near = frame_mm < self.background_mm[row]
                frame_mm = np.where(near, frame_mm, np.float32(0))
            given = self.centres_uvd
            if given is None or np.isnan(given[row]).any():
                about = centre.find(frame_mm, self.camera)
            else:
                about = given[row]
            eye = self.camera
            if self.mirrored or (self.turned is not None and self.turned[row]):
                frame_mm, about, eye = crop.mirrored(frame_mm, about, eye)
            try:
                crops.append(crop.crop(frame_mm, about, eye, side_px))
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from error
            uvd = torch.from_numpy(about.astype(np.float32))[None, None]
            centres.append(geometry.to_mm_from_uvd(uvd, eye)[0, 0].numpy())
        return Part(
            crops=np.stack(crops).astype(np.float16),
            centres_mm=np.stack(centres),
            content=content.hexdigest(),
        )
