"""Receivers and the delivery ledger on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from alerts.column_values import AttemptVerdict, DeliveryState
from alerts.delivery.channels.registry import CHANNELS
from common.api.idempotency import ShownOnce
from common.contracts.json import JSONObject

_KINDS = ", ".join(f"`{channel.kind}`" for channel in CHANNELS)


class ReceiverRead(BaseModel):
    """A stored receiver; its secret is never read back."""

    receiver_id: UUID = Field(description="Identifier of the receiver.")
    name: str = Field(description="Its name, unique among receivers that are not deleted; rules name it by this.")
    # Any text: a newer release may have stored a kind that this one does not have.
    kind: str = Field(description=f"Kind of its channel: {_KINDS}, or one of a newer release. It never changes.")
    is_supported: bool = Field(
        default=True,
        description="Whether this release has its kind. A receiver of any other is neither changed nor sent to, and "
        "its deliveries wait for a release that has it.",
    )
    url: str | None = Field(description="Scheme and host of the URL; the rest may act as a key and is shown as `***`.")
    config: JSONObject = Field(
        default_factory=dict,
        description="The fields that its kind adds, by name; secrets are masked, and one that is given back as it is "
        "shown here stays as it is.",
    )
    enabled: bool = Field(description="Whether notices are sent to it.")
    disabled_reason: str | None = Field(description="Why failed deliveries disabled it; enabling it clears this.")
    throttled_until: datetime | None = Field(
        description="Until when deliveries are paused because the receiver asked for it; null when it did not."
    )
    last_delivered_at: datetime | None = Field(description="When it last accepted a notice; null before the first.")
    previous_secret_expires_at: datetime | None = Field(
        description="Until when the previous secret also signs; null when no secret was rotated."
    )
    revision: int = Field(description="Version number, from 1; increased by every change. Part of the `ETag`.")
    created_at: datetime = Field(description="When it was created.")
    updated_at: datetime = Field(description="When it last changed.")


class ReceiverCreated(ReceiverRead):
    """A new receiver with its secret, which is shown only once."""

    secret: Annotated[str | None, ShownOnce()] = Field(
        description="Secret that signs the webhooks, `whsec_…`. Null for kinds without a secret, and in a response "
        "repeated for an `Idempotency-Key`: `:rotate-secret` then makes a new one."
    )


class SecretRotated(BaseModel):
    """The new secret, shown only once; until `previous_expires_at`, webhooks carry signatures by both secrets."""

    receiver_id: UUID = Field(description="Identifier of the receiver.")
    secret: str = Field(description="The new secret, `whsec_` and 32 random bytes in base64.")
    previous_expires_at: datetime | None = Field(description="Until when the previous secret also signs.")


class DeliveryRead(BaseModel):
    """One notice to one receiver, and its outcome."""

    model_config = ConfigDict(from_attributes=True)

    delivery_id: UUID = Field(description="Identifier of the delivery.")
    webhook_id: str = Field(description="The same for all attempts, so that receivers recognise repetitions.")
    alert_id: UUID | None = Field(description="Identifier of the alert; null for a test message.")
    receiver_id: UUID = Field(description="Identifier of the receiver.")
    receiver_name: str = Field(description="Current name of the receiver.")
    event_type: str = Field(
        description="Type of the notice: `alert.firing`, `alert.amended`, `alert.resolved` or `receiver.test`."
    )
    reason: str = Field(
        description="Why it was made, for example `first`, `new_impacts`, `repeat`, `revised` or `resolved`."
    )
    state: DeliveryState = Field(description="`pending` until it is `delivered`, or `failed` when it was given up.")
    n_attempts: int = Field(description="Number of attempts made, from 0.")
    next_attempt_at: datetime | None = Field(description="When the next attempt is due; null when there will be none.")
    created_at: datetime = Field(description="When the notice was made.")
    delivered_at: datetime | None = Field(description="When the receiver accepted it; null before.")
    last_status_code: int | None = Field(description="HTTP status of the last attempt; null without a response.")
    last_error: str | None = Field(
        description="Why the last attempt failed, or why it was given up; null when it did not fail."
    )


class AttemptRead(BaseModel):
    """One attempt of a delivery."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="Position of the attempt, from 1.")
    attempted_at: datetime = Field(description="When it began.")
    duration_milliseconds: float = Field(description="How long it took, in milliseconds, from 0.")
    outcome: AttemptVerdict = Field(
        description="`delivered`; `retry` after a failure; `throttled` when the receiver asked to slow down; "
        "`gone` after HTTP 410."
    )
    status_code: int | None = Field(description="HTTP status of the response; null without one.")
    error: str | None = Field(description="Why it failed; null when it did not.")


class AttemptList(BaseModel):
    """Every attempt of a delivery, the oldest first."""

    data: list[AttemptRead] = Field(
        description="The attempts, the oldest first; at most ten for each time that the delivery was requested."
    )
