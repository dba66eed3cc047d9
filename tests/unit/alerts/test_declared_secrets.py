"""A secret that would be stored in clear, or lost, is refused when its channel is registered."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, TypeVar

import pytest
from pydantic import (
    Base64Str,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    PlainSerializer,
    SecretBytes,
    SecretStr,
    WrapSerializer,
    computed_field,
    create_model,
    field_serializer,
    model_serializer,
    model_validator,
)
from pydantic import Secret as SecretOfPydantic
from typing_extensions import TypeAliasType, TypedDict

from alerts.delivery.channels.channel import ReceiverDefinition, Secret
from alerts.delivery.channels.declared_secrets import registered
from alerts.delivery.channels.log import LogChannel
from alerts.delivery.channels.registry import CHANNELS

Token = Annotated[str, Field(min_length=1, pattern=r"^[!-~]+$")]


class Login(BaseModel):
    """A user with a secret."""

    user: str
    password: Annotated[str, Secret()]


class TypedLogin(TypedDict):
    """As above, in a dictionary."""

    password: Annotated[str, Secret()]


class MaskedLogin(TypedDict):
    """As above, in a way that pydantic masks."""

    password: NotRequired[SecretStr]


@dataclass
class DataLogin:
    """As above, in a dataclass."""

    login: TypedLogin


class TupleLogin(NamedTuple):
    """As above, in a tuple."""

    password: Annotated[str, Secret()]


NewLogin = NewType("NewLogin", Annotated[str, Secret()])  # type: ignore[valid-newtype]
Hidden = TypeAliasType("Hidden", Annotated[str, PlainSerializer(lambda _: "hidden")])
Plain = TypeAliasType("Plain", Token)


class Summed(ReceiverDefinition):
    """Shows its secret once more."""

    name: str
    kind: Literal["summed"]
    token: Annotated[str, Secret()]
    enabled: bool = True

    @computed_field  # type: ignore[prop-decorator]
    @property
    def header(self) -> str:
        return f"Bearer {self.token}"


def channel_with(definition: type[ReceiverDefinition]) -> Any:
    return type("Odd", (LogChannel,), {"definition": definition})


def definition_with(annotation: Any, default: Any = ...) -> Any:
    return create_model("OddCreate", __base__=ReceiverDefinition, token=(annotation, default))


@pytest.mark.parametrize(
    ("annotation", "default", "why"),
    [
        (Annotated[str, Secret()] | None, None, "top"),
        (Optional[Annotated[Token, Secret()]], None, "top"),  # noqa: UP045 - another class of unions
        (list[Annotated[str, Secret()]], ..., "top"),
        (dict[str, Annotated[str, Secret()]], ..., "top"),
        (Login, ..., "top"),
        (list[Login] | None, None, "top"),
        (TypedLogin, ..., "top"),
        (list[TypedLogin], ..., "top"),
        (DataLogin, ..., "top"),
        (dict[str, TupleLogin] | None, None, "top"),
        (NewLogin, ..., "top"),
        (TypeVar("LoginT", bound=Login), ..., "top"),
        (Annotated[str, Secret], ..., "top"),
        (str, Secret(), "top"),
        (Annotated[SecretStr, Secret()], ..., "no text"),
        (Annotated[int, Secret()], ..., "no text"),
        (Annotated[str | int, Secret()], ..., "no text"),
        (Annotated[list[str], Secret()], ..., "no text"),
        (Annotated[Login, Secret()], ..., "no text"),
        (SecretStr, ..., "asterisks"),
        (SecretBytes | None, None, "asterisks"),
        (list[SecretOfPydantic[str]], ..., "asterisks"),
        (MaskedLogin, ..., "asterisks"),
        (Annotated[str, Secret(), Field(exclude=True)], ..., "lost"),
        (Annotated[str, Secret(), PlainSerializer(lambda _: "hidden")], ..., "another form"),
        (Annotated[str | None, Secret(), WrapSerializer(lambda _, write: write("hidden"))], None, "another form"),
        (Annotated[Json[str], Secret()], ..., "another form"),
        (Annotated[Base64Str, Secret()], ..., "another form"),
        (Annotated[Hidden, Secret()], ..., "another form"),
    ],
)
def test_a_declaration_that_would_not_keep_a_secret_is_refused(annotation: Any, default: Any, why: str) -> None:
    odd = channel_with(definition_with(annotation, default))

    with pytest.raises(TypeError, match=rf"OddCreate.token .*{why}.*Annotated\[str, Secret\(\)\]"):
        registered(odd)


def test_what_every_receiver_shows_is_no_secret() -> None:
    definition = create_model("OddCreate", __base__=ReceiverDefinition, name=(Annotated[str, Secret()], ...))

    with pytest.raises(TypeError, match="is stored in clear for every kind"):
        registered(channel_with(definition))


def test_a_secret_is_not_computed_into_the_clear() -> None:
    with pytest.raises(TypeError, match="computes header"):
        registered(channel_with(Summed))


def serialized_by(serializer: Any) -> Any:
    """Return a definition that writes its secret through a function, and has validators around its fields."""

    class OddCreate(ReceiverDefinition):
        token: Annotated[str, Secret()]

        _after = model_validator(mode="after")(lambda self: self)
        _before = model_validator(mode="before")(lambda given: given)
        _written = serializer

    return OddCreate


@pytest.mark.parametrize(
    "serializer",
    [
        field_serializer("token")(lambda self, value: value),
        field_serializer("*")(lambda self, value: value),
        model_serializer(lambda self: {}),
    ],
)
def test_a_secret_is_not_written_through_a_function(serializer: Any) -> None:
    with pytest.raises(TypeError, match=r"OddCreate.token .*another form"):
        registered(channel_with(serialized_by(serializer)))


def test_a_secret_is_not_stored_under_another_name() -> None:
    class OddCreate(ReceiverDefinition):
        model_config = ConfigDict(serialize_by_alias=True)

        token: Annotated[str, Secret(), Field(serialization_alias="key")]

    with pytest.raises(TypeError, match=r"OddCreate.token .*another name"):
        registered(channel_with(OddCreate))


def test_a_type_that_fields_refer_to_is_followed() -> None:
    hidden = create_model(
        "OddCreate", __base__=ReceiverDefinition, plain=(Hidden, ...), token=(Annotated[Hidden, Secret()], ...)
    )
    plain = create_model(
        "EvenCreate", __base__=ReceiverDefinition, plain=(Plain, ...), token=(Annotated[Plain, Secret()], ...)
    )

    with pytest.raises(TypeError, match=r"OddCreate.token .*another form"):
        registered(channel_with(hidden))
    assert registered(channel_with(plain))


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[str, Secret()],
        Annotated[Token, Secret()],
        Annotated[Token | None, Secret()],
        Annotated[str, Field(max_length=9), Secret()],
    ],
)
def test_a_text_marked_at_the_top_is_taken(annotation: Any) -> None:
    odd = channel_with(definition_with(annotation))

    assert registered(odd) == (odd,)
    assert odd.definition.secret_fields() == {"token"}


def test_every_kind_there_is_is_registered() -> None:
    assert registered(*CHANNELS) == CHANNELS
