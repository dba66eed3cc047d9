"""A secret that would be stored in clear, or lost, is refused when its channel is registered."""

from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field, SecretBytes, SecretStr, computed_field, create_model
from pydantic import Secret as SecretOfPydantic

from alerts.delivery.channels.channel import ReceiverDefinition, Secret
from alerts.delivery.channels.declared_secrets import registered
from alerts.delivery.channels.log import LogChannel
from alerts.delivery.channels.registry import CHANNELS

Token = Annotated[str, Field(min_length=1, pattern=r"^[!-~]+$")]


class Login(BaseModel):
    """A user with a secret."""

    user: str
    password: Annotated[str, Secret()]


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
        (Annotated[str, Secret(), Field(exclude=True)], ..., "lost"),
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
