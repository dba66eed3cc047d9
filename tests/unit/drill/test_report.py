"""What a drill tells of its rollouts, in words and in a picture."""

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.drill.report import Report, drawn
from tests.drill.timeline import Moment, Timeline

SVG = "{http://www.w3.org/2000/svg}"


def moment(at: float, phase: str, weight: int, **values: float) -> Moment:
    errors, latency = values.get("errors"), values.get("latency")
    return Moment(
        at, phase, weight, int(values.get("failed", 0)), (errors, 0.0), (latency, 12.0), values.get("clients")
    )


def rollout() -> Timeline:
    moments = [
        moment(0, "Progressing", 0),
        moment(1, "Progressing", 0),
        moment(2, "Progressing", 5, errors=float("nan")),
        moment(3, "Progressing", 5, errors=31.25, latency=2500.0, clients=1.5, failed=1),
        moment(4, "Failed", 0, failed=5),
    ]
    return Timeline("nlp-processing", "Errors & <more>", moments)


def test_a_table_has_a_row_for_each_change(tmp_path: Path):
    report = Report([("Everywhere", "a: 1\n")], ["a line"], [rollout()]).write(tmp_path)

    text = report.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert rows == [
        "| 0 | Progressing | 0 % | 0 | - | - | - |",
        "| 2 | Progressing | 5 % | 0 | - | - | - |",
        "| 3 | Progressing | 5 % | 1 | 31.2 % | 2500.0 ms | 1.5 % |",
        "| 4 | Failed | 0 % | 5 | - | - | - |",
    ]
    assert "a line" in text
    assert "a: 1" in text
    assert (tmp_path / "rollout-1.svg").is_file()


def test_a_picture_has_every_line_within_its_panel():
    root = ET.fromstring(drawn(rollout()))

    panels = [
        (float(one.attrib["y"]), float(one.attrib["height"]))
        for one in root.iter(f"{SVG}rect")
        if one.attrib["height"] != "100%"
    ]
    lines = [one.attrib["points"].split() for one in root.iter(f"{SVG}polyline")]
    assert len(panels) == 3
    assert [len(points) for points in lines] == [5, 1, 5, 1, 1, 5]
    heights = [float(point.split(",")[1]) for points in lines for point in points]
    assert all(any(top <= one <= top + height for top, height in panels) for one in heights)


def test_a_rollout_of_which_nothing_was_seen_is_drawn_empty():
    assert "polyline" in drawn(Timeline("alert-signal", "Nothing"))
