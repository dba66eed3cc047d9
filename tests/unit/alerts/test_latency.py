"""The hops of an alert's way, in milliseconds."""

from datetime import timedelta

import pytest

from alerts.lifecycle.latency import hops
from tests.builders.impacts import PUBLISHED_AT, impact


def test_the_hops_add_up_to_the_whole_way():
    notified_at = PUBLISHED_AT + timedelta(milliseconds=190)

    found = hops(impact().lineage, notified_at)

    assert [(hop.start, hop.end, hop.milliseconds) for hop in found] == [
        ("published", "received", 100.0),
        ("received", "analysed", 50.0),
        ("analysed", "scored", 25.0),
        ("scored", "notified", 15.0),
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([], None), ([-4.258], None), ([-4.258, 0.5, 9.0], 0.5), ([0.0], 0.0), ([0.5, 9.0], 0.5)],
)
def test_a_notice_of_an_older_revision_is_none_of_this_one(seconds: list[float], expected: float | None):
    lineage = impact().lineage
    notices = [lineage.scored_at + timedelta(seconds=one) for one in seconds]

    told_at = lineage.told_at(notices)

    assert told_at == (None if expected is None else lineage.scored_at + timedelta(seconds=expected))


def test_a_station_not_reached_leaves_its_hops_open():
    found = hops(impact().lineage, None)

    assert found[-1].milliseconds is None
