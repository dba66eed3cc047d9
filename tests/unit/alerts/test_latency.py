"""The hops of an alert's way, in milliseconds."""

from datetime import timedelta

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


def test_a_station_not_reached_leaves_its_hops_open():
    found = hops(impact().lineage, None)

    assert found[-1].milliseconds is None
