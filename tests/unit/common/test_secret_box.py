"""Secrets at rest: sealed by the first key, opened by any, and never guessed."""

import pytest
from pydantic import SecretStr, ValidationError

from common.secrets.secret_box import SecretBox, UnreadableSecret
from tests.toy_service import Settings

OLD, NEW = "the old key of 32 characters or more", "the new key of 32 characters or more"


def box(*keys: str) -> SecretBox:
    return SecretBox(SecretStr(",".join(keys)) if keys else None)


@pytest.mark.parametrize("text", ["whsec_abc", "https://hooks.example/T0/B0/x?y=z", "", "ü\x00日", "x" * 5_000])
def test_what_is_sealed_opens_again_and_shows_nothing(text: str) -> None:
    stored = box(NEW).seal(text)

    assert box(NEW).open(stored) == text
    assert not text or text not in stored


def test_a_text_of_an_earlier_release_comes_back_as_it_is() -> None:
    assert box(NEW).open("whsec_abc") == "whsec_abc"
    assert box().seal("whsec_abc") == "whsec_abc"


def test_each_key_opens_and_the_first_seals() -> None:
    stored = box(OLD).seal("secret")
    both = box(NEW, OLD)

    assert both.open(stored) == "secret"
    assert not both.is_current(stored)
    assert both.is_current(both.seal("secret"))
    assert box(NEW).open(both.seal("secret")) == "secret"


@pytest.mark.parametrize("opened_with", [box(NEW), box()])
def test_without_the_key_it_stays_shut(opened_with: SecretBox) -> None:
    with pytest.raises(UnreadableSecret):
        opened_with.open(box(OLD).seal("secret"))


def test_what_was_changed_does_not_open() -> None:
    stored = box(NEW).seal("secret")

    with pytest.raises(UnreadableSecret):
        box(NEW).open(stored[:-5] + "AAAA=")


@pytest.mark.parametrize("keys", ["short", f"{NEW},short", f"{NEW},", ""])
def test_a_short_key_is_refused_and_not_shown(keys: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(secrets_key=keys)

    assert "32 characters" in str(refused.value)
    assert not keys or keys not in str(refused.value)
