"""SVG charts: the average path around events, and a price with its news.

matplotlib is imported by the first picture: it costs half a second and 60 MB that a service which draws nothing
should not pay. It is not safe to use from two threads at once, hence the lock.
"""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from common.contracts.text import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_lock = threading.Lock()

INK, MUTED, GRID, PAPER = "#1f2933", "#7b8794", "#e4e7eb", "#ffffff"
LINE, BAND, UP, DOWN, FLAT = "#2b6cb0", "#bcd4ee", "#2f855a", "#c53030", "#a0aec0"
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    # Text stays text: searchable, and a third of the size of outlines.
    "svg.fonttype": "none",
    "svg.hashsalt": "market-impact",
}
_TWO_SIDED_95 = 1.959964


@dataclass(frozen=True, slots=True)
class AveragePath:
    """Mean abnormal returns over events, simple or log returns (0.01 = 1 %); None where undefined."""

    days: Sequence[int]
    aar: Sequence[float | None]
    caar: Sequence[float | None]
    standard_error: Sequence[float | None]
    n_events: int
    caption: str


@dataclass(frozen=True, slots=True)
class NewsMark:
    """News on a session: which way it points, how much it matters (0 to 100), and its headline."""

    day: date
    direction: str
    impact_score: float
    title: str


def draw_average_path(path: AveragePath) -> bytes:
    """Return an SVG of the cumulative average abnormal return with its 95 % band, above the daily averages."""
    with _drawing():
        figure = _figure(8.0, 5.2)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        days = list(path.days)
        caar, errors, aar = _percent(path.caar), _percent(path.standard_error), _percent(path.aar)
        low = [c - _TWO_SIDED_95 * e for c, e in zip(caar, errors, strict=True)]
        high = [c + _TWO_SIDED_95 * e for c, e in zip(caar, errors, strict=True)]
        upper.fill_between(days, low, high, color=BAND, linewidth=0, alpha=0.7, label="95 % band")
        upper.plot(days, caar, color=LINE, linewidth=2.2, marker="o", markersize=4, label="CAAR")
        upper.legend(loc="upper left", frameon=False)
        lower.bar(days, aar, color=[UP if value >= 0 else DOWN for value in aar], width=0.6)
        for axes, label in ((upper, "CAAR, %"), (lower, "AAR, %")):
            _clean(axes, label)
            axes.axhline(0, color=MUTED, linewidth=0.8)
            axes.axvline(0, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        lower.set_xlabel("Trading days from the event")
        if len(days) <= 25:
            lower.set_xticks(days)
        _title(upper, "Cumulative average abnormal return", f"{path.n_events} events · {path.caption}")
        return _svg(figure)


def draw_timeline(
    ticker: str, days: Sequence[date], closes: Sequence[float], marks: Sequence[NewsMark], caption: str
) -> bytes:
    """Return an SVG of a price with its news; a marker's size and height in the lower panel are its impact score."""
    with _drawing():
        figure = _figure(10.0, 5.6)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.plot(_as_axis(days), closes, color=LINE, linewidth=1.6)
        upper.fill_between(_as_axis(days), closes, min(closes), color=BAND, alpha=0.25, linewidth=0)
        price = dict(zip(days, closes, strict=True))
        for direction, colour, label in (("up", UP, "up"), ("down", DOWN, "down"), ("flat", FLAT, "flat")):
            shown = [mark for mark in marks if mark.direction == direction and mark.day in price]
            if shown:
                moments = _as_axis([mark.day for mark in shown])
                sizes = [14 + 1.6 * mark.impact_score for mark in shown]
                heights = [price[mark.day] for mark in shown]
                upper.scatter(moments, heights, s=sizes, color=colour, alpha=0.75, linewidths=0, zorder=3, label=label)
                lower.vlines(moments, 0, [mark.impact_score for mark in shown], color=colour, linewidth=1.6, alpha=0.85)
        if marks:
            upper.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, handletextpad=0.1)
        _clean(upper, "Close")
        _clean(lower, "Impact score")
        lower.set_ylim(0, 100)
        upper.xaxis_date()
        _number_strongest(upper, lower, marks, price)
        _title(upper, f"{ticker}: price and news", caption)
        return _svg(figure)


def _number_strongest(axes: "Axes", below: "Axes", marks: Sequence[NewsMark], price: dict[date, float]) -> None:
    """Number the three strongest news at their price, and spell their headlines out under the picture."""
    strongest = sorted((mark for mark in marks if mark.day in price), key=lambda mark: -mark.impact_score)[:3]
    headlines = []
    for number, mark in enumerate(strongest, start=1):
        axes.annotate(
            str(number),
            (_as_axis([mark.day])[0], price[mark.day]),
            xytext=(0, 9),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            fontweight="bold",
            zorder=4,
        )
        words = shortened(mark.title, 110)
        # A dollar sign would start a formula.
        headlines.append(f"{number}   {mark.day}   {words}".replace("$", r"\$"))
    below.set_xlabel("\n".join(headlines), loc="left", fontsize=8.5, color=MUTED, labelpad=10, linespacing=1.6)


@contextmanager
def _drawing() -> Iterator[None]:
    from matplotlib import rc_context  # noqa: PLC0415 - see the module's docstring

    with _lock, rc_context(_STYLE):
        yield


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # noqa: PLC0415 - see the module's docstring

    return Figure(figsize=(width, height), facecolor=PAPER, layout="constrained")


def _as_axis(days: Sequence[date]) -> list[float]:
    from matplotlib.dates import date2num  # noqa: PLC0415 - see the module's docstring

    moments: list[float] = date2num(list(days)).tolist()  # type: ignore[no-untyped-call]
    return moments


def _percent(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else 100.0 * value for value in values]


def _clean(axes: "Axes", label: str) -> None:
    axes.set_ylabel(label)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _title(axes: "Axes", title: str, caption: str) -> None:
    axes.set_title(title, fontsize=14, fontweight="bold", loc="left", pad=24)
    axes.text(0, 1.03, caption.replace("$", r"\$"), transform=axes.transAxes, fontsize=9, color=MUTED)


def _svg(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    metadata: dict[str, str | None] = {"Date": None, "Creator": "Market Impact Analysis System"}
    figure.savefig(buffer, format="svg", metadata=metadata)
    return buffer.getvalue()
