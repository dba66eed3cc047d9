"""Size of a hand-over: it halves when the next service is late, and doubles while the next service is quick."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class BatchSize:
    """The size that the next hand-over may have.

    Parameters
    ----------
    most_bytes : limit that it never exceeds
    most_items : rows that one hand-over never exceeds
    timeout_seconds : time after which the neighbour counts as late
    bytes : limit of the next hand-over; a single row above it goes alone
    """

    most_bytes: int
    most_items: int
    timeout_seconds: float
    bytes: int = 0
    _mean_row_bytes: float = field(default=1.0)

    def __post_init__(self) -> None:
        """Begin at the largest size unless one is given."""
        self.bytes = self.bytes or self.most_bytes

    @property
    def items(self) -> int:
        """Rows to claim: about as many as fit, by the rows of the last hand-over, so that few are locked in vain."""
        # One row more than fits, since rows of the same size should fill the hand-over.
        return max(1, min(self.most_items, int(self.bytes / self._mean_row_bytes) + 1))

    def has_room_for_more(self, n_rows: int, n_bytes: int) -> bool:
        """Tell whether a hand-over of this size was limited by the rows that there were."""
        return self.bytes == self.most_bytes and n_rows < self.items and 2 * n_bytes < self.bytes

    def learn(self, n_rows: int, n_bytes: int, seconds: float, *, answered: bool) -> None:
        """Adapt to how long the neighbour took for `n_rows` rows of `n_bytes` bytes."""
        self._mean_row_bytes = max(1.0, n_bytes / n_rows)
        if not answered or seconds > self.timeout_seconds / 2:
            self.bytes = max(1, min(self.bytes, n_bytes) // 2)
        elif seconds < self.timeout_seconds / 4:
            self.bytes = min(self.most_bytes, 2 * max(self.bytes, n_bytes))
