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

    event_message: Message = Field(description="What happened, in words; at most 50,000 characters.")
    event_type: Name = Field(description="Kind of event, 1 to 200 characters.")
    timestamp: Milliseconds = Field(description="When it happened: milliseconds since 1970, as text of 1 to 14 digits.")


class FlaggerEvent(_Sent):
    """The body of a Flagger webhook of type `event`."""

    name: Name = Field(description="Name of the Canary, 1 to 200 characters.")
    namespace: Name = Field(description="Namespace of the Canary, 1 to 200 characters.")
    phase: Name = Field(description="Phase of the rollout, 1 to 200 characters.")
    checksum: Name = Field(description="Checksum of the revision, 1 to 200 characters.")
    metadata: FlaggerMetadata = Field(description="What happened, and when.")


class InvolvedObject(_Sent):
    """The Flux object that an event is about."""

    kind: Name = Field(description="Kind of the object, 1 to 200 characters.")
    name: Name = Field(description="Name of the object, 1 to 200 characters.")
    namespace: Name = Field(description="Namespace of the object, 1 to 200 characters.")
    api_version: Text | None = Field(default=None, description="API version of the object.")


class FluxEvent(_Sent):
    """The body that a Flux notification provider of type `generic` sends."""

    involved_object: InvolvedObject = Field(description="The object that the event is about.")
    severity: Literal["trace", "info", "warning", "error"] = Field(description="Severity of the event.")
    timestamp: WrittenMoment = Field(description="When it happened (RFC 3339).")
    message: Message = Field(description="What happened, in words; at most 50,000 characters.")
    reason: Name = Field(description="Reason of the event, one word; 1 to 200 characters.")
    metadata: Texts | None = Field(
        default=None, description="Further facts of the event, such as its revision; at most 200."
    )
    reporting_controller: Text | None = Field(default=None, description="Controller that reports the event.")
    reporting_instance: Text | None = Field(default=None, description="Pod of the controller that reports the event.")

    def revision(self) -> str:
        """Return the revision of the source that the event is about, empty when it names none."""
        for name, value in (self.metadata or {}).items():
            if name.rpartition("/")[2] == "revision":
                return value
        return ""


class AlertmanagerAlert(_Sent):
    """One alert of a notification; `fingerprint` names it from its first firing to its last resolution."""

    status: Literal["firing", "resolved"] = Field(description="Whether the alert fires or is over.")
    labels: Texts = Field(description="Labels of the alert, at most 200.")
    annotations: Texts = Field(default_factory=dict, description="Annotations of the alert, at most 200.")
    starts_at: WrittenMoment = Field(description="When the alert began to fire (RFC 3339).")
    ends_at: WrittenMoment | None = Field(default=None, description="When the alert was or will be over (RFC 3339).")
    generator_url: Text | None = Field(
        default=None, alias="generatorURL", description="Address of what raised the alert."
    )
    fingerprint: Name = Field(
        description="Identifier of the alert from its first firing to its last resolution, 1 to 200 characters."
    )


class AlertmanagerNotification(_Sent):
    """The body of an Alertmanager webhook, version 4; what it repeats of its alerts is not read.

    Notes
    -----
    Alertmanager does not send again what was refused: one bad alert must not take the others with it.
    """

    version: Literal["4"] = Field(description="Version of the format, `4`.")
    alerts: list[Tolerant[AlertmanagerAlert]] = Field(
        min_length=1, max_length=MAX_ALERTS, description="Alerts of the group, 1 to 1,000."
    )
