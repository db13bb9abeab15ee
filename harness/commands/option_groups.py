"""What the options of all commands are for, and the word for their values.

An option has one name, one group and one word wherever it stands.
"""

GROUPS = {
    "data": (
        "source",
        "curves",
        "data",
        "split",
        "part",
        "unlabelled",
        "poses",
        "skip_missing",
        "frames",
        "worst",
        "count",
        "labelled",
        "side",
        "unit",
        "table",
        "camera",
        "center",
        "centers",
        "depth_unit",
        "hand",
        "mirror",
    ),
    "model": ("model", "vae"),
    "what is searched": ("space", "ratios", "objective", "seed"),
    "what is trained": ("preset", "set", "init", "config"),
    "how long": (
        "trials",
        "budget",
        "scheduler",
        "sampler",
        "grace",
        "eta",
        "rung_factor",
        "policies",
        "top",
        "seeds",
    ),
    "where it runs": (
        "device",
        "address",
        "concurrency",
        "lanes",
        "workers",
        "retries",
        "hang_after",
        "takeover",
        "accept_code",
    ),
    "store": ("store", "keep", "share_stages"),
}
"""Options by what they are for, as fields of the commands' dataclasses."""

OTHERS = "answer"
"""The group of all others, which stands last."""

VALUES = {
    "address": "HOST:PORT",
    "budget": "N|Nh",
    "scheduler": "RULE",
    "sampler": "NAME",
    "camera": "CAMERA",
    "config": "FILE",
    "data": "DATA",
    "hang_after": "SECONDS",
    "init": "MODEL",
    "lanes": "N|auto",
    "objective": "ERROR",
    "per": "COLUMN",
    "preset": "PRESET",
    "ratios": "R,R",
    "set": "KEY=VALUE ...",
    "space": "SPACE",
    "split": "HOW",
    "unlabelled": "FRAMES",
    "poses": "FILE",
}
"""The word for a value where the option's own type does not say it."""


def of(option: str) -> str:
    """The group of an option.

    Args:
        option: Name of its field.
    """
    return next((name for name, inside in GROUPS.items() if option in inside), OTHERS)
