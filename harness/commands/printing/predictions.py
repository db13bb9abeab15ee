"""Predicted joints as a table, JSON or CSV: a row a joint, in JSON a frame."""

from harness.commands.printing import tables
from harness.predict import Predictions


def shown(done: Predictions, style: str) -> str:
    """The joints as text in one of the formats.

    Args:
        done: What was read.
        style: `table`, `json` or `csv`.
    """
    if style == "json":
        rows = [
            {
                "frame": frame.frame,
                "center_uvd": frame.center_uvd.tolist(),
                "joints_mm": frame.joints_mm.tolist(),
                "joints_px": frame.joints_px.tolist(),
            }
            for frame in done.frames
        ]
        return tables.as_json(rows)
    names = done.model.skeleton.joint_names
    rows = [
        {
            "frame": frame.frame,
            "joint": name,
            "x_mm": mm[0],
            "y_mm": mm[1],
            "z_mm": mm[2],
            "u_px": px[0],
            "v_px": px[1],
        }
        for frame in done.frames
        for name, mm, px in zip(
            names, frame.joints_mm.tolist(), frame.joints_px.tolist(), strict=True
        )
    ]
    return tables.show(rows, style, f"Joints read by {done.model.name}")
