"""Values that strangers send: wrong in type, size, encoding or sense."""

import base64
import json
import random
from collections.abc import Callable

_TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\u202eevil\u202c",
    "e\u0301" * 300,
    "\ufeff",
    "\uffff",
    "😀" * 200,
    "İıſß",
    "-0",
    "NaN",
    "1e400",
    "null",
    "'; DROP TABLE article; --",
    "%00",
    "%ff%fe",
    "../../etc/passwd",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/a}",
    "<script ",
    "<!--",
    "<style>",
    "<![CDATA[",
    "&#0;&#xd800;&#99999999;",
    ", inc .",
    "http://xn--a/",
    "http://[::1",
    "http://127.0.0.1:0/",
    "https://[fe80::1%25eth0]/",
    "0000-00-00",
    "9999-12-31T23:59:60Z",
    "2024-02-30T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "2024-01-01T00:00:00-99:99",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
)
_NUMBERS = (0, -1, 1, 2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 10**40, 1e308, -1e-308, 0.1, float("nan"), float("inf"))
_CURSORS = (
    [],
    [1],
    [None],
    ["a"],
    {},
    "x",
    [1, 2, 3, 4],
    [["a"]],
    ["\x00", "\x00"],
    ["9999-99-99", "x"],
    [1e400],
    2**70,
)


def hostile_text(rng: random.Random) -> str:
    """Return a text that some parser somewhere trips over."""
    kind = rng.randrange(5)
    if kind == 0:
        return rng.choice(("a", "<b>", "é", "\n", "(", "&lt;")) * rng.choice((1_000, 20_000, 80_000))
    if kind == 1:
        return "".join(
            chr(rng.choice((rng.randrange(128), rng.randrange(0x3000), rng.randrange(0x110000)))) for _ in range(30)
        )
    return rng.choice(_TEXTS)


def hostile_value(rng: random.Random) -> object:
    """Return a JSON value of any type."""
    choices: tuple[Callable[[], object], ...] = (
        lambda: hostile_text(rng),
        lambda: hostile_text(rng),
        lambda: rng.choice(_NUMBERS),
        lambda: rng.choice((None, True, False)),
        lambda: [hostile_text(rng)] * rng.choice((0, 1, 600)),
        lambda: {hostile_text(rng): rng.choice(_NUMBERS)},
        lambda: nested(rng.choice((5, 60, 400)), rng.choice(("[]", "{}"))),
    )
    return rng.choice(choices)()


def nested(depth: int, brackets: str) -> object:
    """Return a list in a list in a list, or the same of objects."""
    value: object = 0
    for _ in range(depth):
        value = [value] if brackets == "[]" else {"a": value}
    return value


def hostile_cursor(rng: random.Random) -> str:
    """Return something like a cursor: the right encoding of the wrong content, or no encoding at all."""
    if rng.random() < 0.3:
        return hostile_text(rng)
    content = json.dumps(rng.choice(_CURSORS)).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=" * rng.randrange(2))


def broken_body(rng: random.Random, body: bytes) -> bytes:
    """Return `body` as bytes that are JSON no more, or barely."""
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: body[: rng.randrange(len(body) + 1)],
        lambda: b"\xef\xbb\xbf" + body,
        lambda: body.decode("utf-8", "replace").encode("utf-16"),
        lambda: body.replace(b'"', b"'", 2),
        lambda: body + body,
        lambda: b"[" * rng.choice((10, 1_000, 100_000)) + body,
        lambda: b'{"a":' * 20_000 + b"1",
        lambda: body[:-1] + b',"a":1,"a":2}' if body.endswith(b"}") else b"{}",
        lambda: body.replace(b"e", b"\xff", 1),
        lambda: body.replace(b'":', b'": NaN, "x":', 1),
        lambda: body.replace(b"a", b"\\ud800", 1),
        lambda: body.replace(b"a", b"\\u0000", 1),
        lambda: b"1" * 5_000,
        lambda: rng.randbytes(200),
        lambda: b"",
    )
    return rng.choice(kinds)()
