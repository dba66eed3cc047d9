"""What wires and sites put around a headline: "UPDATE 1-" before it, "--Update" and " - Reuters" after it."""

import re

_LABELS = (
    "UPDATE|WRAPUP|RPT|REFILE|CORRECTED|CORRECTION|BRIEF|EXCLUSIVE|PREVIEW|ANALYSIS|INSIGHT|FACTBOX|TIMELINE|NEWSMAKER|"
    "INTERVIEW|BREAKING|BREAKING NEWS|BREAKINGVIEWS|ALERT|FLASH|URGENT|DEALTALK|SPECIAL REPORT|MEDIA|TOPWRAP|SNAPSHOT|"
    "POLL|ADVISORY|DELETED|REPEAT|VIDEO|WATCH|PHOTOS?|RECAP|LIVE|JUST IN|BUSINESS UPDATE|AP [Ss]ource|GLOBAL MARKETS|"
    "[A-Z]{2,}(?: [A-Z]{2,})? (?:STOCKS|MARKETS|SHARES|BONDS|FOREX)"
)
_PREFIX = re.compile(rf"\s*(?:(?:{_LABELS})(?:[ -]?\d+)?\s*[-:|]+\s*)+")
_VERSION = re.compile(
    r"(?:--\s*+(?:\d++(?:st|nd|rd|th)\s++)?update"
    r"|[-(\[]\s*+(?:update\s*+\d*+|updated|videos?|photos?|corrected)\s*+[)\]]?)$",
    re.IGNORECASE,
)
_NAME = r"(?:[A-Z][\w.&']*|of|the|and|for)"
# A separator, then one to five capitalised words up to the end: " - Reuters", " | Bloomberg", " (Reuters)".
_PUBLISHER = re.compile(
    rf"\s(?:[|\u2013\u2014-]\s++{_NAME}(?:\s++{_NAME}){{0,4}}"
    r"|\((?:Reuters|AP|AFP|Bloomberg|PTI|IANS|UPI|ANI)\))\s*$"
)
# A separator, then a site's name without another "|": " - The Times of India", " | MarketWatch.com".
_SEPARATOR = re.compile(r"\s[|\u2013\u2014-](?=\s)")
_SITE = re.compile(r"(?:[Nn]ews|NEWS|[Tt]imes|\.com|\.net|\.org)\b")
_SEPARATORS = (" - ", " | ", " \u2013 ", " \u2014 ")
_MIN_REMAINING_WORDS = 3


def without_publisher(title: str) -> str:
    """Return `title` without the publisher's name that aggregators append; a short rest is left as it was."""
    if not title.endswith(")") and not any(separator in title for separator in _SEPARATORS):
        return title
    match = _PUBLISHER.search(title)
    starts = [start for start in (match.start() if match else None, _start_of_site(title)) if start is not None]
    if not starts or len(title[: min(starts)].split()) < _MIN_REMAINING_WORDS:
        return title
    return title[: min(starts)].rstrip()


def _start_of_site(title: str) -> int | None:
    last_bar = title.rfind("|")
    for separator in _SEPARATOR.finditer(title):
        if separator.end() > last_bar:
            return separator.start() if _SITE.search(title, separator.end()) else None
    return None


def _prefix_length(title: str) -> int:
    if "-" not in title and ":" not in title and "|" not in title:
        return 0
    match = _PREFIX.match(title)
    return match.end() if match else 0


def without_marks(title: str) -> str:
    """Return a clean title without wire labels, version marks and publisher; never empty for a title with words."""
    text = title[_prefix_length(title) :]
    text = without_publisher(_VERSION.sub("", text).rstrip() if "-" in text or text.endswith((")", "]")) else text)
    return text or title
