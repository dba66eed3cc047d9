"""Names in a PromQL expression, read without a server."""

import itertools
import re

_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(rf'{_STRING}|\{{(?:[^{{}}"]|{_STRING})*\}}|\[[^\]]*\]|[a-zA-Z_:][\w:]*|\d[\w.]*|\S')
# After these comes a list of labels in parentheses.
_GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "bool", "inf", "nan"}
_VARIABLE = re.compile(r"\{\{ *(?:variables\.)?(\w+) *\}\}")
_OFFSET = re.compile(r"\boffset +\w+")


def selectors(query: str) -> list[tuple[str, str]]:
    """Return (metric name, matchers) of every selector of a query; Flagger's `{{ variables }}` stand by their names."""
    tokens = [*_TOKEN.findall(_OFFSET.sub("", _VARIABLE.sub(r"\1", query))), ""]
    found, in_labels = [], False
    for token, following in itertools.pairwise(tokens):
        if in_labels:
            in_labels = token != ")"
        elif token in _GROUPING:
            in_labels = following == "("
        elif re.match(r"[a-zA-Z_:]", token) and following != "(" and token not in _WORDS and following not in _GROUPING:
            found.append((token, following if following.startswith("{") else ""))
    return found
