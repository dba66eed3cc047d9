"""Progress on the terminal: amount done, total and rate."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

# In a log or a pipe there is no width to ask for; tables of headlines need some.
console = Console(width=None if sys.stdout.isatty() else 160)


class RateColumn(ProgressColumn):
    """Shows items a second."""

    def render(self, task: Task) -> Text:
        """Return the rate of `task`, or a dash before the first item."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "-/s", style="progress.data.speed")


def progress_bar() -> Progress:
    """Return a progress display with count, rate and remaining time."""
    return Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(compact=True),
        console=console,
    )
