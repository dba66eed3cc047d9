"""Contracts: one bad item of a batch fails no other, and control characters reach no database."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from common.contracts import InvalidItem, Tolerant
from common.contracts.text import Title, without_control_characters


class Item(BaseModel):
    title: Title


class Batch(BaseModel):
    items: list[Tolerant[Item]]


def test_a_bad_item_is_kept_apart_with_what_is_wrong() -> None:
    batch = Batch.model_validate({"items": [{"title": "good"}, {"title": ""}, None]})

    good, empty, nothing = batch.items
    assert isinstance(good, Item)
    assert isinstance(empty, InvalidItem)
    assert empty.errors[0].loc == ["title"]
    assert isinstance(nothing, InvalidItem)


def test_the_document_shows_the_item_and_admits_anything() -> None:
    schema = Batch.model_json_schema()["properties"]["items"]["items"]

    assert schema["anyOf"] == [{"$ref": "#/$defs/Item"}, {}]


@given(st.text())
def test_cleaned_text_can_be_stored_and_encoded(text: str) -> None:
    cleaned = without_control_characters(text)

    assert "\x00" not in cleaned
    assert len(cleaned) == len(text)
    cleaned.encode("utf-8")
