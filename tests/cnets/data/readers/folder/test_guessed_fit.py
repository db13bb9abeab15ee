"""Signs and unit with which the first label lies on its frame."""

import json

import numpy as np
import pytest
from PIL import Image

from cnets.data.readers.folder import guess


@pytest.mark.parametrize("unit_mm", [1.0, 0.1, 0.125, 0.25])
@pytest.mark.parametrize("signs", [(1, 1, 1), (1, -1, 1), (1, 1, -1), (1, -1, -1)])
def test_signs_and_unit_of_the_first_label(own, unit_mm, signs):
    """They are taken from the frame of the first label, not from the first frame."""
    (own.root / "table").unlink()
    held = {"fx": 60, "fy": 60, "cx": 32, "cy": 24, "width": 64, "height": 48}
    (own.root / "camera.json").write_text(json.dumps(held))
    head = ",".join(["frame", *(f"{n}_{a}" for n in ("p", "q") for a in "xyz")])
    rows = ["0.png,,,,,,"]
    for row in range(5):
        steps = np.zeros((48, 64), np.uint16)
        lines = slice(4, 16) if row else slice(32, 44)  # the first is upside down
        steps[lines, 20:44] = round(500 / unit_mm)
        Image.fromarray(steps).save(own.root / "depth" / f"{row}.png")
        if row:
            p, q = (np.array([x, 120, 500]) * signs for x in (0, 20))
            rows.append(",".join(map(str, (f"{row}.png", *p, *q))))
    (own.root / "joints.csv").write_text("\n".join([head, *rows]) + "\n")
    found = guess.look(own.root)
    minus = ["-" * (sign < 0) + axis for axis, sign in zip("xyz", signs, strict=True)]
    assert found.values["joints.axes"] == minus
    assert found.values["frames.unit_mm"] == unit_mm
