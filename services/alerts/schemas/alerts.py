"""Alerts, their history and their lineage, on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts import Alert, AlertKind, AlertState, Lineage
from common.contracts.text import Name, Note


class TransitionRead(BaseModel):
    """A change of state."""

    model_config = ConfigDict(from_attributes=True)

    happened_at: datetime = Field(description="When the state changed.")
    from_state: AlertState | None = Field(description="Previous state; null when the alert was opened.")
    to_state: AlertState = Field(description="New state.")
    reason: str = Field(
        description="Why the state changed, for example `first`, `by_hand`, `no_further_impact`, or the reason of the "
        "notice."
    )
    actor: str | None = Field(
        description="Who asked for the change, as given in the request, or the sender of the platform event; null when "
        "nobody did."
    )
    note: str | None = Field(description="Comment of the actor, or title of the event; null when there is none.")


class AlertRead(Alert):
    """An alert; the strongest 50 of its impacts are listed, `n_impacts` counts those that still stand."""

    kind: AlertKind = Field(
        description="`impact` for alerts on estimated impacts, `system` for alerts on platform events."
    )
    group_key: str = Field(description="Fingerprint of the grouping labels: 32 hexadecimal digits.")
    window_start: datetime = Field(
        description="Start of the time window, by publication time, in which the group makes one alert."
    )
    expires_at: datetime = Field(description="When it expires if nothing is added to it.")
    n_notifications: int = Field(description="Number of notices about it, from 0; each goes to every receiver.")
    notified_at: datetime | None = Field(description="When the first notice was delivered; null before.")
    revision: int = Field(description="Version number, from 1; increased by every change. Part of the `ETag`.")


class AlertDetail(AlertRead):
    """An alert with the history of its states."""

    history: list[TransitionRead] = Field(description="Every change of its state, the oldest first; at most 1,000.")


class AlertAction(BaseModel):
    """Who acts, and their comment."""

    by: Name | None = Field(default=None, description="Who acts, 1 to 200 characters.")
    note: Note | None = Field(default=None, description="Comment, at most 2,000 characters.")


class HopRead(BaseModel):
    """The time between two stages; `milliseconds` is null until both are reached."""

    start: str = Field(description="Stage at which the hop begins: `published`, `received`, `analysed` or `scored`.")
    end: str = Field(description="The next stage.")
    milliseconds: float | None = Field(
        description="Duration in milliseconds, to the microsecond; negative where a publisher's clock is ahead of ours."
    )


class TrailRead(BaseModel):
    """The trail of one impact of an alert, from publication to the first delivered notice."""

    lineage: Lineage = Field(description="Identifiers and times at each hop.")
    ticker: str = Field(description="Ticker of the security.")
    title: str = Field(description="Headline of the article.")
    state: str = Field(description="State of the impact: `created`, `revised` or `retracted`.")
    hops: list[HopRead] = Field(description="The hops from publication to notification, in order.")
    total_milliseconds: float | None = Field(
        description="From publication to notification, in milliseconds; null before the first notification."
    )
    pipeline_milliseconds: float | None = Field(
        description="From reception to notification, in milliseconds: the time that this system took."
    )


class AlertLineage(BaseModel):
    """What caused an alert, and how long each hop took."""

    alert_id: UUID = Field(description="Identifier of the alert.")
    rule_id: UUID = Field(description="Identifier of the rule that made it.")
    rule_name: str = Field(description="Name of the rule when the alert was opened.")
    notified_at: datetime | None = Field(description="When the first notice was delivered; null before.")
    trails: list[TrailRead] = Field(description="The trail of each impact, the strongest first; at most 50.")


class GroupRead(BaseModel):
    """Alerts of one rule that share their group labels."""

    rule_id: UUID = Field(description="Identifier of the rule.")
    rule_name: str = Field(description="Name of the rule when the newest alert was opened.")
    group_key: str = Field(description="Fingerprint of the grouping labels: 32 hexadecimal digits.")
    group_labels: dict[str, str] = Field(description="The grouping labels with the values that the alerts share.")
    n_alerts: int = Field(description="Number of alerts in the group, from 1.")
    n_open: int = Field(description="Number of open alerts in the group, from 0.")
    last_alert_id: UUID = Field(description="Identifier of the newest alert.")
    last_starts_at: datetime = Field(description="When the newest alert was opened.")
    last_notified_at: datetime | None = Field(
        description="When a notice about the group was last made; null before the first."
    )
