"""The body of a notification: `{"type", "timestamp", "data"}`, the data being an alert, always under 20 kB."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Literal, NotRequired, TypedDict
from uuid import UUID

from alerts.column_values import DeliveryReason
from alerts.repository.alerts import AlertRow
from common.contracts import AlertKind, AlertState, Impact, Severity
from common.contracts.json import JSONObject
from common.contracts.text import shortened

MAX_BODY_BYTES = 20_000
MAX_TITLE_CHARACTERS = 300
# More than a body has room for: the shortest impact that can be has more than 500 bytes.
MAX_LISTED_IMPACTS = 50
# A correction of very many impacts names the first of them; the alert itself has all.
MAX_NAMED_IMPACTS = 20

NotificationType = Literal["alert.firing", "alert.amended", "alert.resolved", "receiver.test"]

TYPE_OF_REASON: dict[DeliveryReason, NotificationType] = {
    "first": "alert.firing",
    "new_impacts": "alert.firing",
    "new_events": "alert.firing",
    "repeat": "alert.firing",
    "reopened": "alert.firing",
    "revised": "alert.amended",
    "retracted": "alert.amended",
    "resolved": "alert.resolved",
    "test": "receiver.test",
}
# Type and timestamp around the data.
_ENVELOPE_BYTES = 120


@dataclass(frozen=True, slots=True)
class Amendment:
    """What was taken back or changed in an alert that people may already have seen."""

    reason: Literal["revised", "retracted"]
    impact_ids: list[UUID] = field(default_factory=list)


class _AmendmentData(TypedDict):
    reason: Literal["revised", "retracted"]
    impact_ids: list[str]


class _Head(TypedDict):
    """The data of a notice but for its impacts, as JSON has them."""

    alert_id: str
    kind: AlertKind
    rule_id: str
    rule_name: str
    state: AlertState
    severity: Severity
    group_labels: dict[str, str]
    labels: dict[str, str]
    title: str
    reason: DeliveryReason
    n_impacts: int
    starts_at: str
    updated_at: str
    ends_at: str | None
    truncated_impacts: int
    amendment: NotRequired[_AmendmentData]
    lineage: NotRequired[JSONObject]


def title_of(impacts: Sequence[Impact]) -> str:
    """Return one line for people: the strongest impact's security, direction, size and headline.

    Notes
    -----
    An expected return is written in per cent with its sign; an alert whose impacts were all withdrawn says so.
    """
    if not impacts:
        return "Withdrawn"
    strongest = max(impacts, key=lambda impact: (impact.state != "retracted", impact.impact_score))
    expected = strongest.expected_abnormal_return
    size = f" {expected:+.1%}" if expected is not None else ""
    taken_back = "Withdrawn: " if strongest.state == "retracted" else ""
    line = f"{taken_back}{strongest.ticker} {strongest.direction}{size}: {strongest.context.title}"
    return shortened(line, MAX_TITLE_CHARACTERS)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification ready to be sent: why, its `data` as JSON text, and the whole `body` around it."""

    reason: DeliveryReason
    data: str
    body: str

    @property
    def type(self) -> NotificationType:
        """Return the type that the body names."""
        return TYPE_OF_REASON[self.reason]


def notice(reason: DeliveryReason, data: str, now: datetime) -> Notice:
    """Return the notification that carries `data`, JSON text."""
    return Notice(reason, data, f'{{"type":"{TYPE_OF_REASON[reason]}","timestamp":"{now.isoformat()}","data":{data}}}')


def render(
    alert: AlertRow,
    impacts: Iterable[Impact],
    *,
    reason: DeliveryReason,
    now: datetime,
    amendment: Amendment | None = None,
    documents: Iterable[str] | None = None,
    n_standing: int,
    n_withdrawn: int = 0,
) -> Notice:
    """Return the notification about an alert.

    Parameters
    ----------
    impacts : the alert's impacts, the strongest first; no more are taken than fit, or at most the first 50.
    documents : the impacts' own JSON texts when the caller has them; serialised here otherwise.
    n_standing, n_withdrawn : how many impacts the alert has, and how many a correction has taken out of it.

    Notes
    -----
    As many impacts are listed as fit; `n_impacts` counts those that stand and `truncated_impacts` those left out.
    """
    rest = iter(impacts)
    first = next(rest, None)
    given = rest if first is None else chain((first,), rest)
    texts = documents if documents is not None else (impact.model_dump_json() for impact in given)
    total = n_standing + n_withdrawn
    data = _head(alert, reason, n_impacts=n_standing, n_truncated=total)
    if amendment is not None:
        identifiers = [str(impact_id) for impact_id in amendment.impact_ids[:MAX_NAMED_IMPACTS]]
        data["amendment"] = _AmendmentData(reason=amendment.reason, impact_ids=identifiers)
    if first is not None:
        notices = () if alert.notified_at is None else (alert.notified_at,)
        lineage = first.lineage.model_copy(update={"notified_at": first.lineage.told_at(notices)})
        data["lineage"] = lineage.model_dump(mode="json")
    room = MAX_BODY_BYTES - len(_text(data).encode()) - len(',"impacts":[]') - _ENVELOPE_BYTES
    shown = list(_that_fit(texts, room))
    data["truncated_impacts"] = total - len(shown)
    return notice(reason, f'{_text(data)[:-1]},"impacts":[{",".join(shown)}]}}', now)


def _head(alert: AlertRow, reason: DeliveryReason, *, n_impacts: int, n_truncated: int) -> _Head:
    return _Head(
        alert_id=str(alert.alert_id),
        kind=alert.kind,
        rule_id=str(alert.rule_id),
        rule_name=alert.rule_name,
        state=alert.state,
        severity=alert.severity,
        group_labels=alert.group_labels,
        labels=alert.labels,
        title=alert.title,
        reason=reason,
        n_impacts=n_impacts,
        starts_at=alert.starts_at.isoformat(),
        updated_at=alert.updated_at.isoformat(),
        ends_at=alert.ends_at.isoformat() if alert.ends_at else None,
        truncated_impacts=n_truncated,
    )


def _that_fit(texts: Iterable[str], room: int) -> Iterable[str]:
    for text in texts:
        room -= len(text.encode()) + 1
        if room < 0:
            return
        yield text


def _text(head: _Head) -> str:
    return json.dumps(head, separators=(",", ":"), ensure_ascii=False)
