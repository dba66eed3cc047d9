"""Tables of alerts: rules and receivers, received impacts and events, alerts with their history, the ledger."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from common.postgres.tables import declare_base, declare_tables

if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = declare_base()
TABLES = declare_tables(Base.metadata)

# What the columns of these kinds of text hold.
FlushReason = Literal["first", "new_impacts", "new_events", "repeat", "reopened", "revised", "retracted", "resolved"]
DeliveryReason = FlushReason | Literal["test"]
DeliveryState = Literal["pending", "delivered", "failed"]
AttemptVerdict = Literal["delivered", "retry", "throttled", "gone"]

# The conditions of a rule as they are stored: JSON that `schemas.rules.When` has written and reads again.
WhenDocument = dict[str, JsonValue]

_NOT_DELETED = text("deleted_at IS NULL")


def _moment(*, nullable: bool = False) -> Column[Any]:
    return Column(DateTime(timezone=True), nullable=nullable)


def _text(*, nullable: bool = False) -> Column[Any]:
    return Column(Text, nullable=nullable)


def _json() -> Column[Any]:
    return Column(JSONB, nullable=False)


def _identifier() -> Column[Any]:
    return Column(Uuid, primary_key=True)


def _reference(target: str, *, is_key: bool = False) -> Column[Any]:
    return Column(Uuid, ForeignKey(target), primary_key=is_key, nullable=False)


class RuleSet(Base, table=True):
    """One row that counts changes to the rules: a replica sees in one cheap look whether its copy is current."""

    __tablename__ = "rule_set"

    rule_set_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))


class Rule(Base, table=True):
    """A rule; deleted ones stay, for the alerts they made. `changed_in` is the version of the rule set it came with."""

    __tablename__ = "rule"
    __table_args__ = (Index("uq_rule_name", "name", unique=True, postgresql_where=_NOT_DELETED),)

    rule_id: UUID = Field(sa_column=_identifier())
    name: str = Field(sa_column=_text())
    when: dict[str, Any] = Field(sa_column=_json())
    group_by: list[str] = Field(sa_column=_json())
    group_wait_seconds: float = Field(sa_column=Column(Float, nullable=False))
    group_interval_seconds: float = Field(sa_column=Column(Float, nullable=False))
    repeat_interval_seconds: float = Field(sa_column=Column(Float, nullable=False))
    cooldown_seconds: float = Field(sa_column=Column(Float, nullable=False))
    window_seconds: int = Field(sa_column=Column(Integer, nullable=False))
    severity: str = Field(sa_column=_text())
    labels: dict[str, str] = Field(sa_column=_json())
    receivers: list[str] = Field(sa_column=_json())
    # Filled by a trigger from the column `enabled` of the previous release, and the other way round.
    is_enabled: bool = Field(sa_column=Column(Boolean, nullable=True))
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    changed_in: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    created_at: datetime = Field(sa_column=_moment())
    updated_at: datetime = Field(sa_column=_moment())
    deleted_at: datetime | None = Field(sa_column=_moment(nullable=True))


class Receiver(Base, table=True):
    """Somebody to tell. The secrets sign messages, and only what sends reads them.

    Notes
    -----
    `config` is the configuration of its kind as JSON; what is secret of it is sealed in `config_secrets`, and the
    address of a webhook in `url`, where the previous release reads it.
    """

    __tablename__ = "receiver"
    __table_args__ = (Index("uq_receiver_name", "name", unique=True, postgresql_where=_NOT_DELETED),)

    receiver_id: UUID = Field(sa_column=_identifier())
    name: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    url: str | None = Field(sa_column=_text(nullable=True))
    config: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb")))
    config_secrets: str | None = Field(sa_column=_text(nullable=True), repr=False)
    # Filled by a trigger from the column `enabled` of the previous release, and the other way round.
    is_enabled: bool = Field(sa_column=Column(Boolean, nullable=True))
    disabled_reason: str | None = Field(sa_column=_text(nullable=True))
    secret: str | None = Field(sa_column=_text(nullable=True), repr=False)
    previous_secret: str | None = Field(sa_column=_text(nullable=True), repr=False)
    previous_secret_expires_at: datetime | None = Field(sa_column=_moment(nullable=True))
    throttled_until: datetime | None = Field(sa_column=_moment(nullable=True))
    last_delivered_at: datetime | None = Field(sa_column=_moment(nullable=True))
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    created_at: datetime = Field(sa_column=_moment())
    updated_at: datetime = Field(sa_column=_moment())
    deleted_at: datetime | None = Field(sa_column=_moment(nullable=True))


class Signal(Base, table=True):
    """The newest revision of one received impact. `document` is its JSON text: written once and read whole."""

    __tablename__ = "signal"
    __table_args__ = (UniqueConstraint("article_id", "ticker", "horizon_days", "basis"),)

    signal_id: UUID = Field(sa_column=_identifier())
    impact_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    article_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    ticker: str = Field(sa_column=_text())
    horizon_days: int = Field(sa_column=Column(Integer, nullable=False))
    basis: str = Field(sa_column=_text())
    is_matched: bool = Field(sa_column=Column(Boolean, nullable=False))
    document: str = Field(sa_column=_text())
    received_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))


class Alert(Base, table=True):
    """One logical alert: a rule, a group and a window.

    Notes
    -----
    `flush_at` is when its receivers are next told, `flush_reason` why. The intervals are the rule's at the last impact.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("rule_id", "group_key", "window_start"),
        Index("ix_alert_starts_at_alert_id", "starts_at", "alert_id"),
        Index("ix_alert_flush_at", "flush_at", postgresql_where=text("flush_at IS NOT NULL")),
        Index("ix_alert_expires_at", "expires_at", postgresql_where=text("ends_at IS NULL")),
    )

    alert_id: UUID = Field(sa_column=_identifier())
    kind: str = Field(sa_column=_text())
    rule_id: UUID = Field(sa_column=_reference("rule.rule_id"))
    rule_name: str = Field(sa_column=_text())
    group_key: str = Field(sa_column=_text())
    group_labels: dict[str, str] = Field(sa_column=_json())
    window_start: datetime = Field(sa_column=_moment())
    state: str = Field(sa_column=_text())
    severity: str = Field(sa_column=_text())
    labels: dict[str, str] = Field(sa_column=_json())
    title: str = Field(sa_column=_text())
    starts_at: datetime = Field(sa_column=_moment())
    updated_at: datetime = Field(sa_column=_moment())
    ends_at: datetime | None = Field(sa_column=_moment(nullable=True))
    expires_at: datetime = Field(sa_column=_moment())
    group_interval_seconds: float = Field(sa_column=Column(Float, nullable=False))
    repeat_interval_seconds: float = Field(sa_column=Column(Float, nullable=False))
    flush_at: datetime | None = Field(sa_column=_moment(nullable=True))
    flush_reason: str | None = Field(sa_column=_text(nullable=True))
    n_notifications: int = Field(sa_column=Column(Integer, nullable=False))
    last_flushed_at: datetime | None = Field(sa_column=_moment(nullable=True))
    notified_at: datetime | None = Field(sa_column=_moment(nullable=True))
    revision: int = Field(sa_column=Column(Integer, nullable=False))


class AlertSignal(Base, table=True):
    """An impact in an alert. `is_active` ends when a correction takes the impact out of it; `amended_at` says when."""

    __tablename__ = "alert_signal"
    __table_args__ = (Index("ix_alert_signal_signal_id", "signal_id"),)

    alert_id: UUID = Field(sa_column=_reference("alert.alert_id", is_key=True))
    signal_id: UUID = Field(sa_column=_reference("signal.signal_id", is_key=True))
    is_active: bool = Field(sa_column=Column(Boolean, nullable=False))
    amended_at: datetime | None = Field(sa_column=_moment(nullable=True))


class AlertTransition(Base, table=True):
    """A change of an alert's state: when, from what to what, why and by whom."""

    __tablename__ = "alert_transition"
    __table_args__ = (Index("ix_alert_transition_alert_id", "alert_id"),)

    transition_id: UUID = Field(sa_column=_identifier())
    alert_id: UUID = Field(sa_column=_reference("alert.alert_id"))
    happened_at: datetime = Field(sa_column=_moment())
    from_state: str | None = Field(sa_column=_text(nullable=True))
    to_state: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    actor: str | None = Field(sa_column=_text(nullable=True))
    note: str | None = Field(sa_column=_text(nullable=True))


class SystemEvent(Base, table=True):
    """An event of the platform as it came in; `event_key` is what makes it the same one when it is sent again."""

    __tablename__ = "system_event"
    __table_args__ = (Index("ix_system_event_alert_id_happened_at", "alert_id", "happened_at"),)

    event_id: UUID = Field(sa_column=_identifier())
    event_key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    alert_id: UUID = Field(sa_column=_reference("alert.alert_id"))
    source: str = Field(sa_column=_text())
    happened_at: datetime = Field(sa_column=_moment())
    received_at: datetime = Field(sa_column=_moment())
    document: str = Field(sa_column=_text())


class Delivery(Base, table=True):
    """One notification to one receiver.

    Notes
    -----
    `webhook_id` and `body` stay the same over all attempts. `n_failures` counts failed attempts since the delivery was
    made or last asked for again; `claimed_until` is the lease of the replica that is sending it.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("alert_id", "receiver_id", "notification"),
        Index("ix_delivery_next_attempt_at", "next_attempt_at", postgresql_where=text("state = 'pending'")),
        Index("ix_delivery_created_at_delivery_id", "created_at", "delivery_id"),
    )

    delivery_id: UUID = Field(sa_column=_identifier())
    webhook_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    alert_id: UUID | None = Field(sa_column=Column(Uuid, ForeignKey("alert.alert_id"), nullable=True))
    receiver_id: UUID = Field(sa_column=_reference("receiver.receiver_id"))
    notification: int = Field(sa_column=Column(Integer, nullable=False))
    event_type: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    body: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    n_attempts: int = Field(sa_column=Column(Integer, nullable=False))
    n_failures: int = Field(sa_column=Column(Integer, nullable=False))
    next_attempt_at: datetime | None = Field(sa_column=_moment(nullable=True))
    claimed_until: datetime | None = Field(sa_column=_moment(nullable=True))
    created_at: datetime = Field(sa_column=_moment())
    delivered_at: datetime | None = Field(sa_column=_moment(nullable=True))
    last_status_code: int | None = Field(sa_column=Column(Integer, nullable=True))
    last_error: str | None = Field(sa_column=_text(nullable=True))


class DeliveryAttempt(Base, table=True):
    """One attempt: when, what came back, how long it took."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    attempt_id: UUID = Field(sa_column=_identifier())
    delivery_id: UUID = Field(sa_column=_reference("delivery.delivery_id"))
    number: int = Field(sa_column=Column(Integer, nullable=False))
    attempted_at: datetime = Field(sa_column=_moment())
    duration_milliseconds: float = Field(sa_column=Column(Float, nullable=False))
    outcome: str = Field(sa_column=_text())
    status_code: int | None = Field(sa_column=Column(Integer, nullable=True))
    error: str | None = Field(sa_column=_text(nullable=True))


_TABLES = Base.metadata.tables
RULE_SET, RULE, RECEIVER = _TABLES["rule_set"], _TABLES["rule"], _TABLES["receiver"]
SIGNAL, ALERT, ALERT_SIGNAL = _TABLES["signal"], _TABLES["alert"], _TABLES["alert_signal"]
ALERT_TRANSITION, SYSTEM_EVENT = _TABLES["alert_transition"], _TABLES["system_event"]
# Whoever knows the address of a webhook can post to it: it is kept like the secrets.
SEALED = (RECEIVER.c.secret, RECEIVER.c.previous_secret, RECEIVER.c.url, RECEIVER.c.config_secrets)
DELIVERY, DELIVERY_ATTEMPT = _TABLES["delivery"], _TABLES["delivery_attempt"]
