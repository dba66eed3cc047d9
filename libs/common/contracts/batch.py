"""Batches of the pipeline: 1 to 500 items in, one answer per item out, and one bad item never fails the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from common.contracts.bounds import MAX_REPORTED_ERRORS

MAX_BATCH_ITEMS = 500
# Of a field's name in an error: unknown ones are of any length.
_MAX_NAME_CHARACTERS = 200

ItemT = TypeVar("ItemT")


class ErrorDetail(BaseModel):
    """One thing that was wrong: where (`loc`), in words (`msg`), and as a stable code (`type`)."""

    loc: list[str | int] = Field(description="Path to the wrong value, outermost first.")
    msg: str = Field(description="What is wrong, in words.")
    type: str = Field(description="What is wrong, as a stable code.")


@dataclass(frozen=True, slots=True)
class InvalidItem:
    """An item of a batch that does not fit its contract, with everything that is wrong with it."""

    errors: tuple[ErrorDetail, ...]


def error_details(error: ValidationError, prefix: tuple[str | int, ...] = ()) -> list[ErrorDetail]:
    """Return pydantic's findings in the wire's form, the first 50 of them, without echoing the rejected input."""
    return first_details(error.errors(include_url=False, include_context=False, include_input=False), prefix)


def first_details(found: Sequence[Mapping[str, Any]], prefix: tuple[str | int, ...] = ()) -> list[ErrorDetail]:
    """Return the first 50 of what pydantic has found in the wire's form; names of fields as long as a body are cut."""
    return [
        ErrorDetail(loc=[*prefix, *map(_cut, one["loc"])], msg=one["msg"], type=one["type"])
        for one in found[:MAX_REPORTED_ERRORS]
    ]


def _cut(part: str | int) -> str | int:
    return part[:_MAX_NAME_CHARACTERS] if isinstance(part, str) else part


class _TolerantItem:
    """Annotation that turns a validation error of one list item into an `InvalidItem` value."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        item_type = get_args(source)[0]

        def validate(value: object, inner: core_schema.ValidatorFunctionWrapHandler) -> object:
            try:
                return inner(value)
            except ValidationError as error:
                return InvalidItem(tuple(error_details(error)))

        return core_schema.no_info_wrap_validator_function(validate, handler.generate_schema(item_type))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "anyOf": [handler(schema), {}],
            "description": "The documented item; anything else is answered as `rejected` and fails no other item.",
        }


Tolerant = Annotated[ItemT | InvalidItem, _TolerantItem()]


class ItemError(BaseModel):
    """Why one item of a batch was rejected."""

    code: str = Field(description="What is wrong, as a stable code.")
    detail: str = Field(description="What is wrong, in words.")
    errors: list[ErrorDetail] = Field(
        default_factory=list, description="Every value of the item that does not fit its contract."
    )
    exception: str | None = Field(
        default=None, description="For `internal_error`: class of the exception that processing the item raised."
    )
    request_id: str | None = Field(
        default=None, description="For `internal_error`: request identifier under which it was logged."
    )

    @classmethod
    def of(cls, invalid: InvalidItem) -> "ItemError":
        """Return the wire form of an item that does not fit its contract."""
        return cls(code="invalid_item", detail="The item does not fit its contract.", errors=list(invalid.errors))


ItemStatus = Literal["stored", "unchanged", "superseded", "rejected"]


class ItemResult(BaseModel):
    """The answer to one item of a hand-over between services.

    Notes
    -----
    `stored` is new, `unchanged` was already stored (a repeated delivery), `superseded` is older than what is stored,
    `rejected` does not fit the contract or failed twice on its own (`internal_error`); `error` says why.
    """

    index: int = Field(ge=0, description="Position in the request, from 0.")
    status: ItemStatus = Field(description="What became of the item.")
    id: str | None = Field(default=None, description="Identifier of the stored result.")
    error: ItemError | None = Field(default=None, description="Why the item was rejected; null when it was not.")


class BatchResult(BaseModel):
    """The answers to a hand-over, in the order of the request."""

    data: list[ItemResult] = Field(description="One answer per item, in the order of the request.")
