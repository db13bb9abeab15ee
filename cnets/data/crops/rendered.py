"""Crops that are rendered from labelled poses, with the noise of a sensor."""

import hashlib
import json

import numpy as np
import torch

from cnets import geometry
from cnets.data.crops import crop, rendered_centres
from cnets.data.crops.source import Part, Source
from cnets.data.readers.labels import Labels
from cnets.hands import render, sensor


VERSION = 1
"""Raised whenever the same labels would be rendered differently."""

FOUND_VERSION = 1
"""Raised whenever another centre would be found in the same frame."""


class Rendered(Source):
    """Hands as a sensor would see them."""

    def __init__(self, labels: Labels) -> None:
        """Take the poses."""
        self.labels = labels

    @property
    def frames(self) -> int:
        """How many poses there are."""
        return len(self.labels.joints_mm)

    def key(self, side_px: int) -> str:
        """SHA-256 of the labels and of every setting that the crops depend on."""
        labels, digest = self.labels, hashlib.sha256()
        facts = [VERSION, side_px, repr(labels.skeleton), repr(labels.camera)]
        if labels.centres == "depth":
            facts += ["depth", FOUND_VERSION]
        elif np.isnan(labels.centres_mm).any():
            facts += ["some", FOUND_VERSION]
        digest.update(json.dumps(facts).encode())
        for array in (labels.joints_mm, labels.centres_mm, labels.thickness):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def check(self) -> None:
        """Labels were checked as they were read."""

    def make(self, rows: slice, side_px: int) -> Part:
        """Crops of a few poses; the noise is seeded by the first."""
        labels = self.labels
        joints = torch.tensor(labels.joints_mm[rows]).double()
        centres_mm = rendered_centres.of_rows(labels, rows)
        centre = torch.tensor(centres_mm)
        thickness = torch.tensor(labels.thickness[rows]).double()
        flesh = labels.skeleton.flesh(joints, thickness)
        start, end, start_radius, end_radius = (part.float() for part in flesh)
        depth = render.render(
            start,
            end,
            start_radius,
            end_radius,
            centre_mm=centre,
            camera=labels.camera,
            side_px=side_px,
        )
        noise = torch.Generator().manual_seed(rows.start)
        _, _, sensor_px = geometry.crop_pixels(centre, labels.camera, side_px)
        seen = sensor.observe(depth, noise, sensor_px=sensor_px)
        crops = crop.normalised(seen.numpy(), centres_mm[:, 2]).astype(np.float16)
        return Part(crops=crops, centres_mm=centres_mm, content="")
