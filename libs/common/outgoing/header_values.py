"""Reads untrusted header values without raising: an unreadable one is None."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_WAIT_SECONDS = 86_400.0
_MAX_CHARACTERS = 100
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?")


def seconds(text: str) -> float | None:
    """Return a number of seconds, at most a day; None for a negative one and for what is no number.

    Notes
    -----
    Headers hold whole numbers. Fractions occur nevertheless and are read; `inf`, `nan`, exponents and lists are not.
    """
    text = text.strip()
    if not _SECONDS.fullmatch(text):
        return None
    # Not by way of int: it refuses more than 4,300 digits.
    whole = text.partition(".")[0].lstrip("0")
    return MAX_WAIT_SECONDS if len(whole) > 9 else min(float(text[:400]), MAX_WAIT_SECONDS)


def http_date(text: str) -> datetime | None:
    """Return the moment of an HTTP date, aware; None when it is none, or one that no calendar holds."""
    if len(text) > _MAX_CHARACTERS:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except Exception:  # noqa: BLE001 - ValueError, TypeError, OverflowError or IndexError, by what is wrong with it
        return None


def seconds_until(text: str, now: datetime) -> float | None:
    """Return the seconds from `now` to an HTTP date, 0 when it has passed, at most a day; None when it is no date."""
    moment = http_date(text)
    return None if moment is None else min(max(0.0, (moment - now).total_seconds()), MAX_WAIT_SECONDS)


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, in either of its forms, at most a day."""
    if header is None:
        return None
    number = seconds(header)
    return seconds_until(header, now) if number is None else number


def validator(header: str | None) -> str | None:
    """Return an `ETag` or `Last-Modified` that can be sent back as it is; None for a long one, and beyond ASCII."""
    return header if header and header.isascii() and header.isprintable() and len(header) <= 500 else None
