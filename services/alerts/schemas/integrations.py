"""Bodies that Flagger, Flux and Alertmanager send: the fields that are read; any others are ignored."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from common.contracts import Tolerant
from common.contracts.bounds import entries_up_to
from common.contracts.text import Name, Text, without_control_characters
from common.contracts.timestamps import ForeignMoment

# Longer ones are cut where they are shown; the stored document keeps them whole.
Message = Annotated[str, AfterValidator(without_control_characters), StringConstraints(max_length=50_000)]
Texts = Annotated[dict[Message, Message], entries_up_to(200), Field(max_length=200)]
Milliseconds = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,14}$")]

MAX_ALERTS = 1_000


def _written(value: object) -> object:
    """Refuse numbers, which pydantic would read as seconds since 1970."""
    if isinstance(value, (int, float)):
        raise ValueError("a time must be written as text")  # noqa: TRY004 - pydantic reads ValueError
    return value


WrittenMoment = Annotated[ForeignMoment, BeforeValidator(_written)]


class _Sent(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class FlaggerMetadata(_Sent):
    """What happened; `timestamp` is in milliseconds since 1970, as text."""

    event_message: Message
    event_type: Name
    timestamp: Milliseconds


class FlaggerEvent(_Sent):
    """The body of a Flagger webhook of type `event`."""

    name: Name
    namespace: Name
    phase: Name
    checksum: Name
    metadata: FlaggerMetadata


class InvolvedObject(_Sent):
    """The Flux object that an event is about."""

    kind: Name
    name: Name
    namespace: Name
    api_version: Text | None = None


class FluxEvent(_Sent):
    """The body that a Flux notification provider of type `generic` sends."""

    involved_object: InvolvedObject
    severity: Literal["trace", "info", "warning", "error"]
    timestamp: WrittenMoment
    message: Message
    reason: Name
    metadata: Texts | None = None
    reporting_controller: Text | None = None
    reporting_instance: Text | None = None

    def revision(self) -> str:
        """Return the revision of the source that the event is about, empty when it names none."""
        for name, value in (self.metadata or {}).items():
            if name.rpartition("/")[2] == "revision":
                return value
        return ""


class AlertmanagerAlert(_Sent):
    """One alert of a notification; `fingerprint` names it from its first firing to its last resolution."""

    status: Literal["firing", "resolved"]
    labels: Texts
    annotations: Texts = Field(default_factory=dict)
    starts_at: WrittenMoment
    ends_at: WrittenMoment | None = None
    generator_url: Text | None = Field(default=None, alias="generatorURL")
    fingerprint: Name


class AlertmanagerNotification(_Sent):
    """The body of an Alertmanager webhook, version 4; what it repeats of its alerts is not read.

    Notes
    -----
    Alertmanager does not send again what was refused: one bad alert must not take the others with it.
    """

    version: Literal["4"]
    alerts: list[Tolerant[AlertmanagerAlert]] = Field(min_length=1, max_length=MAX_ALERTS)
