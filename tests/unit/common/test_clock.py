"""Identifiers that sort by time."""

from datetime import UTC, datetime

from common.clock import SYSTEM_CLOCK, uuid7


def test_identifiers_grow_strictly_within_a_process() -> None:
    made = [uuid7() for _ in range(10_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_identifier_is_a_version_7_uuid_with_the_present_time() -> None:
    made = uuid7()

    milliseconds = made.int >> 80
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert abs(milliseconds / 1000 - SYSTEM_CLOCK.now().timestamp()) < 5
    assert SYSTEM_CLOCK.now().tzinfo is UTC
    assert isinstance(SYSTEM_CLOCK.now(), datetime)
