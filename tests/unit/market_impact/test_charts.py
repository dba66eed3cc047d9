"""Pictures are well-formed SVG and say what they show."""

from datetime import date
from xml.etree import ElementTree as ET

from market_impact.event_studies.charts import AveragePath, NewsMark, draw_average_path, draw_timeline

PATH = AveragePath([-1, 0, 1], [0.0, 0.02, None], [0.0, 0.02, None], [0.001, 0.002, None], 12, "market")


def texts(svg: bytes) -> str:
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return " ".join(root.itertext())


def test_an_average_path_is_drawn_with_its_band() -> None:
    svg = draw_average_path(PATH)

    assert "Cumulative average abnormal return" in texts(svg)
    assert "12 events" in texts(svg)
    assert svg == draw_average_path(PATH)


def test_a_timeline_marks_its_news_and_takes_any_headline_literally() -> None:
    days = [date(2025, 1, day) for day in (2, 3, 6, 7)]
    marks = [NewsMark(days[1], "up", 80.0, "Acme wins $5 & <b> order_of $6"), NewsMark(days[2], "flat", 0.0, "x" * 90)]

    svg = texts(draw_timeline("ACME", days, [1.0, 2.0, 1.5, 1.7], marks, "from $1"))

    assert "ACME: price and news" in svg
    assert "Acme wins $5 & <b> order_of $6" in svg


def test_a_study_without_any_number_is_still_a_picture() -> None:
    assert texts(draw_average_path(AveragePath([0], [None], [None], [None], 0, "")))
