"""The tables of alerts: rules and receivers, received impacts and events, alerts with their history, the ledger."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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

from common.postgres.tables import declare_base, declare_tables, stored, stored_moment, table_of

if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = declare_base()
TABLES = declare_tables(Base.metadata)

_NOT_DELETED = text("deleted_at IS NULL")


class RuleSet(Base, table=True):
    """One row that counts changes to the rules: a replica sees in one cheap look whether its copy is current."""

    __tablename__ = "rule_set"

    rule_set_id: int = stored(Integer, primary_key=True, autoincrement=False)
    version: int = stored(BigInteger)


class Rule(Base, table=True):
    """A rule; deleted ones stay, for the alerts they made. `changed_in` is the version of the rule set it came with."""

    __tablename__ = "rule"
    __table_args__ = (Index("uq_rule_name", "name", unique=True, postgresql_where=_NOT_DELETED),)

    rule_id: UUID = stored(Uuid, primary_key=True)
    name: str = stored(Text)
    when: dict[str, Any] = stored(JSONB)
    group_by: list[str] = stored(JSONB)
    group_wait_seconds: float = stored(Float)
    group_interval_seconds: float = stored(Float)
    repeat_interval_seconds: float = stored(Float)
    cooldown_seconds: float = stored(Float)
    window_seconds: int = stored(Integer)
    severity: str = stored(Text)
    labels: dict[str, str] = stored(JSONB)
    receivers: list[str] = stored(JSONB)
    # Filled by a trigger from the column `enabled` of the previous release, and the other way round.
    is_enabled: bool = stored(Boolean, nullable=True)
    revision: int = stored(Integer)
    changed_in: int = stored(BigInteger, index=True)
    created_at: datetime = stored_moment()
    updated_at: datetime = stored_moment()
    deleted_at: datetime | None = stored_moment(nullable=True)


class Receiver(Base, table=True):
    """Somebody to tell. The secrets sign messages, and only what sends reads them.

    Notes
    -----
    `config` is the configuration of its kind as JSON; what is secret of it is sealed in `config_secrets`, and the
    address of a webhook in `url`, where the previous release reads it.
    """

    __tablename__ = "receiver"
    __table_args__ = (Index("uq_receiver_name", "name", unique=True, postgresql_where=_NOT_DELETED),)

    receiver_id: UUID = stored(Uuid, primary_key=True)
    name: str = stored(Text)
    kind: str = stored(Text)
    url: str | None = stored(Text, nullable=True)
    config: dict[str, Any] = stored(JSONB, server_default=text("'{}'::jsonb"))
    config_secrets: str | None = Field(sa_column=Column(Text, nullable=True), repr=False)
    # Filled by a trigger from the column `enabled` of the previous release, and the other way round.
    is_enabled: bool = stored(Boolean, nullable=True)
    disabled_reason: str | None = stored(Text, nullable=True)
    secret: str | None = Field(sa_column=Column(Text, nullable=True), repr=False)
    previous_secret: str | None = Field(sa_column=Column(Text, nullable=True), repr=False)
    previous_secret_expires_at: datetime | None = stored_moment(nullable=True)
    throttled_until: datetime | None = stored_moment(nullable=True)
    last_delivered_at: datetime | None = stored_moment(nullable=True)
    revision: int = stored(Integer)
    created_at: datetime = stored_moment()
    updated_at: datetime = stored_moment()
    deleted_at: datetime | None = stored_moment(nullable=True)


class Signal(Base, table=True):
    """The newest revision of one received impact. `document` is its JSON text: written once and read whole."""

    __tablename__ = "signal"
    __table_args__ = (UniqueConstraint("article_id", "ticker", "horizon_days", "basis"),)

    signal_id: UUID = stored(Uuid, primary_key=True)
    impact_id: UUID = stored(Uuid)
    article_id: UUID = stored(Uuid)
    revision: int = stored(Integer)
    ticker: str = stored(Text)
    horizon_days: int = stored(Integer)
    basis: str = stored(Text)
    is_matched: bool = stored(Boolean)
    document: str = stored(Text)
    received_at: datetime = stored_moment(index=True)


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

    alert_id: UUID = stored(Uuid, primary_key=True)
    kind: str = stored(Text)
    rule_id: UUID = stored(Uuid, ForeignKey("rule.rule_id"))
    rule_name: str = stored(Text)
    group_key: str = stored(Text)
    group_labels: dict[str, str] = stored(JSONB)
    window_start: datetime = stored_moment()
    state: str = stored(Text)
    severity: str = stored(Text)
    labels: dict[str, str] = stored(JSONB)
    title: str = stored(Text)
    starts_at: datetime = stored_moment()
    updated_at: datetime = stored_moment()
    ends_at: datetime | None = stored_moment(nullable=True)
    expires_at: datetime = stored_moment()
    group_interval_seconds: float = stored(Float)
    repeat_interval_seconds: float = stored(Float)
    flush_at: datetime | None = stored_moment(nullable=True)
    flush_reason: str | None = stored(Text, nullable=True)
    n_notifications: int = stored(Integer)
    last_flushed_at: datetime | None = stored_moment(nullable=True)
    notified_at: datetime | None = stored_moment(nullable=True)
    revision: int = stored(Integer)


class AlertSignal(Base, table=True):
    """An impact in an alert. `is_active` ends when a correction takes the impact out of it; `amended_at` says when."""

    __tablename__ = "alert_signal"
    __table_args__ = (Index("ix_alert_signal_signal_id", "signal_id"),)

    alert_id: UUID = stored(Uuid, ForeignKey("alert.alert_id"), primary_key=True)
    signal_id: UUID = stored(Uuid, ForeignKey("signal.signal_id"), primary_key=True)
    is_active: bool = stored(Boolean)
    amended_at: datetime | None = stored_moment(nullable=True)


class AlertTransition(Base, table=True):
    """A change of an alert's state: when, from what to what, why and by whom."""

    __tablename__ = "alert_transition"
    __table_args__ = (Index("ix_alert_transition_alert_id", "alert_id"),)

    transition_id: UUID = stored(Uuid, primary_key=True)
    alert_id: UUID = stored(Uuid, ForeignKey("alert.alert_id"))
    happened_at: datetime = stored_moment()
    from_state: str | None = stored(Text, nullable=True)
    to_state: str = stored(Text)
    reason: str = stored(Text)
    actor: str | None = stored(Text, nullable=True)
    note: str | None = stored(Text, nullable=True)


class SystemEvent(Base, table=True):
    """An event of the platform as it came in; `event_key` is what makes it the same one when it is sent again."""

    __tablename__ = "system_event"
    __table_args__ = (Index("ix_system_event_alert_id_happened_at", "alert_id", "happened_at"),)

    event_id: UUID = stored(Uuid, primary_key=True)
    event_key: str = stored(Text, unique=True)
    alert_id: UUID = stored(Uuid, ForeignKey("alert.alert_id"))
    source: str = stored(Text)
    happened_at: datetime = stored_moment()
    received_at: datetime = stored_moment()
    document: str = stored(Text)


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

    delivery_id: UUID = stored(Uuid, primary_key=True)
    webhook_id: str = stored(Text, unique=True)
    alert_id: UUID | None = stored(Uuid, ForeignKey("alert.alert_id"), nullable=True)
    receiver_id: UUID = stored(Uuid, ForeignKey("receiver.receiver_id"))
    notification: int = stored(Integer)
    event_type: str = stored(Text)
    reason: str = stored(Text)
    body: str = stored(Text)
    state: str = stored(Text)
    n_attempts: int = stored(Integer)
    n_failures: int = stored(Integer)
    next_attempt_at: datetime | None = stored_moment(nullable=True)
    claimed_until: datetime | None = stored_moment(nullable=True)
    created_at: datetime = stored_moment()
    delivered_at: datetime | None = stored_moment(nullable=True)
    last_status_code: int | None = stored(Integer, nullable=True)
    last_error: str | None = stored(Text, nullable=True)


class DeliveryAttempt(Base, table=True):
    """One attempt: when, what came back, how long it took."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    attempt_id: UUID = stored(Uuid, primary_key=True)
    delivery_id: UUID = stored(Uuid, ForeignKey("delivery.delivery_id"))
    number: int = stored(Integer)
    attempted_at: datetime = stored_moment()
    duration_milliseconds: float = stored(Float)
    outcome: str = stored(Text)
    status_code: int | None = stored(Integer, nullable=True)
    error: str | None = stored(Text, nullable=True)


RULE_SET = table_of(RuleSet)
RULE = table_of(Rule)
RECEIVER = table_of(Receiver)
SIGNAL = table_of(Signal)
ALERT = table_of(Alert)
ALERT_SIGNAL = table_of(AlertSignal)
ALERT_TRANSITION = table_of(AlertTransition)
SYSTEM_EVENT = table_of(SystemEvent)
DELIVERY = table_of(Delivery)
DELIVERY_ATTEMPT = table_of(DeliveryAttempt)

# Whoever knows the address of a webhook can post to it: it is kept like the secrets.
SEALED = (RECEIVER.c.secret, RECEIVER.c.previous_secret, RECEIVER.c.url, RECEIVER.c.config_secrets)
