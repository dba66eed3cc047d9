"""Every regular expression of the code takes linear time, whatever text it is tried on."""

import re

import pytest

from nlp.events.patterns import event_types
from tests.pattern_attacks import steepest
from tests.patterns_in_use import Use, uses, uses_in

# What only a run puts together, and what comes of it there.
MADE_AT_RUN_TIME = {
    "nlp.events.patterns": [pattern for event in event_types() for pattern in event.patterns],
    "nlp.entities.consistency": [re.compile(r"(?<![\w-])(?:Acme|Acme\ Corp|AT\&T)(?![\w-])")],
    "nlp.training.entities.evaluation": [re.compile(r"(?<![\w-])(?:ACME|Acme\ Corp)(?![\w-])")],
}
FOUND = list(uses())
# Every pattern once, with the way it is used.
DISTINCT = {
    (pattern.pattern, pattern.flags, use.is_from_the_start): (use, pattern)
    for use in FOUND
    for pattern in ([use.pattern] if use.pattern is not None else MADE_AT_RUN_TIME.get(use.module, []))
}


def test_patterns_put_together_at_run_time_are_all_known():
    assert {use.module for use in FOUND if use.pattern is None} == MADE_AT_RUN_TIME.keys()


@pytest.mark.parametrize(("use", "pattern"), DISTINCT.values(), ids=lambda value: str(value)[:80])
def test_a_pattern_takes_linear_time_on_texts_made_to_slow_it(use: Use, pattern: re.Pattern[str]):
    assert steepest(pattern, is_from_the_start=use.is_from_the_start) is None


@pytest.mark.parametrize(
    ("pattern", "flags"),
    [
        (r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL),
        (r"</?(?:p|br)(?:\s[^<>]*)?/?>|<!--.*?-->", re.IGNORECASE | re.DOTALL),
        (r"(a+)+$", 0),
        (r"(?:a|a)*b", 0),
        (r"\s+$", 0),
        (r"^x|[\s,;]+$", 0),
        (r"\w+@\w+", 0),
        (r"\(.*\)$", 0),
        (r"\bupdate\s*\d*\s*\)", 0),
        (r'(?:[^",]|"(?:[^"\\]|\\.)*")+', 0),
        (r"'(?:[^'\\]|\\.)*'", 0),
    ],
)
def test_a_pattern_that_is_slow_is_found(pattern: str, flags: int):
    assert steepest(re.compile(pattern, flags)) is not None


@pytest.mark.parametrize("pattern", [r"\d*$", r"(a+)+$"])
def test_a_pattern_that_is_slow_from_the_start_is_found_only_where_it_is(pattern: str):
    assert (steepest(re.compile(pattern), is_from_the_start=True) is None) == (pattern == r"\d*$")


def test_patterns_are_found_wherever_they_are_written():
    source = """
import re
_A = re.compile("a", re.IGNORECASE)
def read(text):
    return _A.match(text), re.sub("b", "", text), re.compile(text)
"""

    found = {use.source: (use.pattern, use.is_from_the_start) for use in uses_in(source, "common.contracts.timestamps")}

    assert found == {
        "'a'": (re.compile("a", re.IGNORECASE), True),
        "'b'": (re.compile("b"), False),
        "text": (None, False),
    }


def test_names_taken_from_re_are_refused():
    with pytest.raises(AssertionError, match="imports names from re"):
        list(uses_in("from re import compile", "some.module"))
