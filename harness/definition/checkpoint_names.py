"""Names of a run's checkpoints, which worker and driver agree on.

`at-<stage>-<epoch>` can be resumed from: the reports up to it are stored. Where a
trial may be made to wait its worker has to store the networks before anybody has seen
the report: `held-<stage>-<epoch>`. Such a one counts only for a run that is told that
the report is stored (`Job.reported`).
"""

PUBLISHED, HELD = "at-", "held-"
"""What the names begin with; stage and epoch follow, in the order of training."""


def place(name: str) -> str:
    """Stage and epoch of a checkpoint, to be sorted by.

    Args:
        name: Its name, of either kind.
    """
    return name.removeprefix(PUBLISHED).removeprefix(HELD)
