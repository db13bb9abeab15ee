"""Labels of which no joint lies in the image: of another image, or in another unit."""

from collections.abc import Iterator

import numpy as np

from cnets.data.trust import finding
from cnets.data.trust.finding import Finding
from cnets.data.trust.looking import Frames


def labels(frames: Frames) -> Iterator[Finding]:
    """Refuse labels that lie wholly outside; one joint or more is always seen.

    All labels are looked at, as no file has to be read for it.
    """
    if frames.joints_uvd is None or not frames.files:
        return
    u, v = frames.joints_uvd[..., 0], frames.joints_uvd[..., 1]
    camera = frames.camera
    inside = (u >= 0) & (u < camera.width_px) & (v >= 0) & (v < camera.height_px)
    known = np.isfinite(u) & np.isfinite(v)
    rows = np.flatnonzero(known.any(1) & ~(inside & known).any(1))
    if len(rows):
        row = int(rows[0])
        joint = int(np.flatnonzero(known[row])[0])
        place = f"{u[row, joint]:.0f}, {v[row, joint]:.0f}"
        yield finding.refusal(
            f"{frames.files[row]} must have a joint of its label inside its "
            f"{camera.width_px} x {camera.height_px} pixels, and all lie outside, the first "
            f"at {place} ({len(rows)} of {len(known)} labels are so): of another image, "
            "or in another unit."
        )
