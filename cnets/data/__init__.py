"""Data sets: read, cropped and kept; `HandData` is what training sees of one."""

from cnets.data.hand_data import HandData
from cnets.data.opening import look, open_data, resolved, resolved_folder


__all__ = ["HandData", "look", "open_data", "resolved", "resolved_folder"]
