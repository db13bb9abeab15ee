"""Progress bars on standard error, for the commands that take long.

Where standard error is no terminal, nothing is shown. Bars that look different
are where they are used: `crops.py`, `damage.py` and `training.py`.
"""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def on_stderr(*columns: ProgressColumn, transient: bool = False) -> Progress:
    """Bars on standard error, disabled where that is no terminal."""
    console = Console(stderr=True)
    return Progress(
        *columns,
        console=console,
        transient=transient,
        disable=not console.is_terminal,
    )


@contextlib.contextmanager
def bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that is seen from its first step until all steps are done.

    Args:
        description: Stands in front of the bar.

    Yields:
        To be called with the steps that are done, and how many there are.
    """
    shown = on_stderr(transient=True)
    task = shown.add_task(description, total=None)

    def progress(done: int, total: int) -> None:
        shown.update(task, completed=done, total=total)
        if done < total:
            shown.start()
        else:
            shown.stop()

    try:
        yield progress
    finally:
        shown.stop()


def preparation() -> contextlib.AbstractContextManager[Callable[[int, int], None]]:
    """The bar of data that are prepared."""
    return bar("Preparing the data")
