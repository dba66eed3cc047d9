"""A window of publication time that is requested at once, was fetched in full, or was missed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MIN_WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of publication time, both ends included."""

    start: datetime
    end: datetime

    def halves(self) -> tuple["Window", "Window"] | None:
        """Return the window in two, or None when it is too short to be cut.

        The halves share their common second: what was published within it comes twice and is a duplicate, where a
        second between them would be lost for good.
        """
        length = self.end - self.start
        if length < 2 * MIN_WINDOW:
            return None
        middle = (self.start + length / 2).replace(microsecond=0)
        return Window(self.start, middle), Window(middle, self.end)
