"""The part of a terminal that is drawn again and again while a person waits.

It says from the first moment what is waited for. Everything goes to standard error.
Where that is no terminal, lines are printed and nothing is drawn.
"""

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.text import Text

from harness.definition.terminal import printable
from harness.diagnosis import logs


class Screen:
    """What is drawn for one search; a context manager."""

    def __init__(self, name: str) -> None:
        """Draw nothing yet.

        Args:
            name: What is worked on, such as the name of a search.
        """
        self.name = name
        self.console: Console = _Console(stderr=True)
        self._started_s = time.monotonic()
        self.printed_s: float = self._started_s
        self._draw: Callable[[], RenderableType] = Group
        self._failed = False
        self._live = RichLive(
            console=self.console,
            get_renderable=self.drawn,
            refresh_per_second=2,
            transient=True,
            redirect_stdout=False,  # answers are none of its lines
            vertical_overflow="crop",
        )

    def __enter__(self) -> "Screen":
        if self.console.is_terminal:
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.console.is_terminal:
            self._live.__exit__(kind, error, trace)

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._started_s

    def wait(self, what: str, *, in_pipe: bool = True) -> None:
        """Say what is waited for until something else is drawn.

        Args:
            what: Such as `starting Ray, about 6 s`.
            in_pipe: Whether it is worth a line where there is no terminal.
        """
        if in_pipe and not self.console.is_terminal:
            self.say(f"{self.name}: {what}")
        self.show(lambda: Text(f"{self.name}: {clock(self.elapsed_s)}, {what}"))

    def preparing(self, done: int, total: int) -> None:
        """Say how far the data are prepared, on a terminal alone.

        Args:
            done: Frames that are ready.
            total: All of them.
        """
        self.wait(f"preparing the data, {done}/{total} frames", in_pipe=False)

    def show(self, draw: Callable[[], RenderableType]) -> None:
        """Draw what a function gives, twice a second, until something else is.

        Args:
            draw: Called by a thread of the screen's own.
        """
        self._draw = draw

    def leave(self, last: RenderableType) -> None:
        """Print what stays on a terminal; nothing is drawn below it any more."""
        self.show(Group)
        if self.console.is_terminal:
            self.console.print(last)

    def say(self, line: str) -> None:
        """Show a line, above what is drawn on a terminal."""
        self.printed_s = time.monotonic()
        logs.LOGGER.info("%s", line)
        try:
            self.console.print(
                printable(line),
                markup=False,
                emoji=False,
                highlight=False,
                soft_wrap=not self.console.is_terminal,
            )
        except OSError:  # the terminal has gone: the log has the line
            self.console.quiet = True

    def drawn(self) -> RenderableType:
        """What is to be seen; an error would end the thread that draws, unseen."""
        try:
            return self._draw()
        except Exception as error:
            said = f"The display cannot be drawn: {type(error).__name__}"
            if not self._failed:
                logs.LOGGER.exception(said)
            self._failed = True
            return Text(said)


class _Console(Console):
    """One whose reader may go away: a search does not end for that."""

    def on_broken_pipe(self) -> None:
        """Say nothing any more; the log has what there is to say."""
        self.quiet = True


def clock(seconds: float) -> str:
    """A time as `m:ss` or `h:mm:ss`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
