"""What is stored of an error never shows a secret of its receiver, however the error has written it."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.told_errors import MAX_CHARACTERS, texts_in, told_error

TOKEN = "tk_very+secret/é"
ADDRESS = "https://user:pw@desk.example/hooks/T00/letmein?key=hunter2"


@pytest.mark.parametrize(
    "written",
    [
        TOKEN,
        repr(f"Bearer {TOKEN}\n".encode()),
        ascii(TOKEN),
        json.dumps({"sent": TOKEN}),
        f"/bot{quote(TOKEN)}/send",
        f"?token={quote(TOKEN, safe='')}",
        "Basic " + base64.b64encode(TOKEN.encode()).decode(),
    ],
)
def test_a_secret_is_hidden_in_every_form(written: str) -> None:
    told = told_error(f"refused: {written}, sorry", [TOKEN])

    assert "***" in told
    assert told.startswith("refused: ")
    assert "very" not in told
    assert base64.b64encode(TOKEN.encode()).decode().rstrip("=") not in told


@pytest.mark.parametrize("secret", ["tk_very_secret\n", "\ttk_very_secret", "tk_very\0_secret", "tk_very secret words"])
def test_a_secret_with_blanks_is_hidden_whole_and_in_parts(secret: str) -> None:
    for written in (secret, repr(secret.encode()), " ".join(secret.split()), secret.strip(), secret.replace("\0", " ")):
        told = told_error(f"LocalProtocolError: Illegal header value {written}", [secret])

        assert "very" not in told
        assert "secret" not in told


@pytest.mark.parametrize("part", ["/hooks/T00/letmein", "letmein", "key=hunter2", "user:pw@", "hunter2", ADDRESS])
def test_the_parts_of_an_address_that_open_it_are_hidden(part: str) -> None:
    told = told_error(f"no route {part} to desk.example", [ADDRESS])

    assert told.endswith("to desk.example")
    assert not [key for key in ("letmein", "hunter2", "user:pw") if key in told]


def test_the_beginning_of_a_secret_where_the_text_was_cut_is_hidden() -> None:
    assert told_error("cannot send with tk_very+sec", [TOKEN]) == "cannot send with ***"


def test_a_secret_that_signs_is_hidden_without_its_prefix() -> None:
    assert told_error("bad key MfKQ9r8GKYqrTwjU", ["whsec_MfKQ9r8GKYqrTwjU"]) == "bad key ***"


def test_an_error_without_a_secret_stays_as_it_is_but_fit_to_be_stored() -> None:
    assert told_error("HTTP 500", [TOKEN, ADDRESS, ""]) == "HTTP 500"
    assert told_error("a\0b\n c \ud800", [TOKEN]) == "a b c"
    assert len(told_error("x" * 10_000, [TOKEN])) == MAX_CHARACTERS


@given(st.text(min_size=1, max_size=30), st.text(max_size=40), st.text(max_size=40))
def test_no_text_holds_a_secret_afterwards(secret: str, before: str, after: str) -> None:
    told = told_error(before + secret + after, [secret])

    assert secret not in told.replace("***", "") or set(secret) <= {"*"}


def test_the_texts_of_secrets_are_found_at_any_depth() -> None:
    assert sorted(texts_in({"a": "x", "b": {"c": ["y", 7, None, True]}})) == ["7", "x", "y"]
