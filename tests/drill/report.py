"""`drill-report.md`: what a drill changed, what it saw of each rollout, a picture of each, and the tree of a trace."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from tests.drill.timeline import Moment, Timeline

_WIDTH, _PANEL, _GAP, _LEFT = 860, 110, 34, 64
_CANARY, _PRIMARY, _CLIENT = "#c2410c", "#1d4ed8", "#15803d"
_NOT_REAL = """\
The kubelet is a stand-in: pods are processes with networks and roots of their own, without limits of processor and
memory. NetworkPolicies, autoscaling by processor time and a container network's plugin are not tried here. Envoy is the
stock one, so `istio_` figures are made of its figures of clusters.
"""


@dataclass
class Report:
    """What is told of a whole run."""

    overlays: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    timelines: list[Timeline] = field(default_factory=list)
    trees: list[tuple[str, list[str]]] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write the report and its pictures; return the report."""
        folder.mkdir(parents=True, exist_ok=True)
        text = ["# Drill", "", _NOT_REAL]
        for number, timeline in enumerate(self.timelines, start=1):
            picture = folder / f"rollout-{number}.svg"
            picture.write_text(drawn(timeline), encoding="utf-8")
            text += [f"## {timeline.title}", "", f"![{timeline.title}]({picture.name})", "", *_table(timeline), ""]
        for title, tree in self.trees:
            text += [f"## {title}", "", "Each span: when it began, how long it took, its service and its name.", ""]
            text += ["```text", *tree, "```", ""]
        text += ["## The run", "", "```text", *self.lines, "```", "", "## What was changed", ""]
        for title, content in self.overlays:
            text += [f"{title}:", "", "```yaml", content.rstrip(), "```", ""]
        report = folder / "drill-report.md"
        report.write_text("\n".join(text), encoding="utf-8")
        return report


def _table(timeline: Timeline) -> list[str]:
    rows = [
        "| s | phase | weight | failed checks | errors of the canary | 99 % within | clients' errors |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in timeline.changes():
        cells = [
            f"{one.at:.0f}",
            one.phase,
            f"{one.weight} %",
            str(one.failed_checks),
            _shown(one.errors[0], "%"),
            _shown(one.latency[0], "ms"),
            _shown(one.client_errors, "%"),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _shown(value: float | None, unit: str) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.1f} {unit}"


def drawn(timeline: Timeline) -> str:
    """Return a picture (SVG): weight, share of errors and latency over time, of canary and primary."""
    moments = timeline.moments
    end = max((one.at for one in moments), default=1.0)
    panels = [
        ("weight of the canary, %", [(_CANARY, [(one.at, float(one.weight)) for one in moments])], 100.0),
        (
            "errors, % (canary, primary, clients)",
            [
                (_CANARY, _line(moments, [one.errors[0] for one in moments])),
                (_PRIMARY, _line(moments, [one.errors[1] for one in moments])),
                (_CLIENT, _line(moments, [one.client_errors for one in moments])),
            ],
            None,
        ),
        (
            "99th percentile, ms (canary, primary)",
            [
                (_CANARY, _line(moments, [one.latency[0] for one in moments])),
                (_PRIMARY, _line(moments, [one.latency[1] for one in moments])),
            ],
            None,
        ),
    ]
    height = len(panels) * (_PANEL + _GAP) + _GAP
    size = f'width="{_WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">',
        f'<title>{escape(timeline.title)}</title><rect width="100%" height="100%" fill="white"/>',
    ]
    for number, (title, lines, highest) in enumerate(panels):
        top = _GAP + number * (_PANEL + _GAP)
        values = [value for _colour, points in lines for _at, value in points]
        scale = highest or max([*values, 1.0]) * 1.1
        parts.append(_panel(title, lines, top, end, scale))
    return "".join([*parts, "</svg>\n"])


def _line(moments: Sequence[Moment], values: Sequence[float | None]) -> list[tuple[float, float]]:
    return [
        (one.at, value)
        for one, value in zip(moments, values, strict=True)
        if value is not None and not math.isnan(value)
    ]


def _panel(
    title: str, lines: Sequence[tuple[str, list[tuple[float, float]]]], top: float, end: float, scale: float
) -> str:
    width = _WIDTH - _LEFT - 16
    parts = [
        f'<text x="{_LEFT}" y="{top - 6}">{escape(title)}</text>',
        f'<rect x="{_LEFT}" y="{top}" width="{width}" height="{_PANEL}" fill="none" stroke="#999"/>',
        f'<text x="{_LEFT - 6}" y="{top + 10}" text-anchor="end">{scale:.3g}</text>',
        f'<text x="{_LEFT - 6}" y="{top + _PANEL}" text-anchor="end">0</text>',
        f'<text x="{_LEFT + width}" y="{top + _PANEL + 13}" text-anchor="end">{end:.0f} s</text>',
    ]
    for colour, points in lines:
        shown = " ".join(
            f"{_LEFT + width * at / end:.1f},{top + _PANEL * (1 - min(value, scale) / scale):.1f}"
            for at, value in points
        )
        parts.append(f'<polyline points="{shown}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return "".join(parts)
