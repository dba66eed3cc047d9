"""Maps a platform event to its alert, in the same form for every sender.

An event's key is the same whenever it is sent again, and its group is the same for all events of one canary, one Flux
object, one Alertmanager alert.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from alerts.matching.grouping import EPOCH, fingerprint
from alerts.notification.body import MAX_TITLE_CHARACTERS
from alerts.schemas.integrations import AlertmanagerAlert, FlaggerEvent, FluxEvent
from common.contracts import Severity
from common.contracts.text import shortened

Source = Literal["flagger", "flux", "alertmanager"]

RANK: dict[Severity, int] = {"info": 0, "warning": 1, "critical": 2}

# Together under half of a notice's 20 kB, whatever the alphabet.
_MAX_LABELS, _MAX_LABEL_CHARACTERS = 20, 100

# Phases in which a rollout is over, and nothing is left to be done about it.
_ENDED_PHASES = frozenset({"Initialized", "Succeeded", "Terminated"})
_FLUX_SEVERITIES: dict[str, Severity] = {"warning": "warning", "error": "critical"}
_PROMETHEUS_SEVERITIES: dict[str, Severity] = {
    "none": "info",
    "info": "info",
    "warning": "warning",
    "error": "critical",
    "critical": "critical",
    "page": "critical",
}


@dataclass(frozen=True, slots=True)
class SystemEvent:
    """An event, and what it makes of its alert.

    Notes
    -----
    `group_labels` name the alert; `firing` says whether it needs somebody from this event on. A sender that tells again
    and again what is so, and not what happened, has no new key for what is so again: `contrary_key` is the key of the
    opposite, after which the same key is another event.
    """

    source: Source
    key: str
    group_labels: dict[str, str]
    firing: bool
    severity: Severity
    title: str
    happened_at: datetime
    document: str
    labels: dict[str, str] = field(default_factory=dict)
    contrary_key: str | None = None

    def again(self, now: datetime) -> "SystemEvent":
        """Return the event for what is so once more, known by when it was told."""
        return replace(self, key=f"{self.key}/{now.isoformat()}", happened_at=now)

    @property
    def group_key(self) -> str:
        """Return the name of the alert among those of the platform."""
        return fingerprint(self.group_labels)


# Flux stamps events to the second and sends both within it; the later must not be overtaken by the earlier.
_AFTER_OTHERS_OF_ITS_SECOND = {"DriftCorrected": timedelta(milliseconds=500)}
# Flagger runs these hooks once a rollout has ended, and stamps what it says of them with the phase before.
_AFTER_ROLLOUT = "Post-rollout "
_LONGEST_HOOKS = timedelta(minutes=10)


def of_flagger(event: FlaggerEvent, now: datetime) -> SystemEvent:
    """Return what a step of a canary says: one alert for each canary, over when a rollout is promoted.

    Not one for each rollout: "New revision detected!" still carries the checksum of the rollout before.
    """
    metadata = event.metadata
    failed = event.phase == "Failed"
    worried = metadata.event_type.lower() in {"warning", "error"}
    labels = {"source": "flagger", "namespace": event.namespace, "name": event.name}
    key = (event.checksum, event.phase, metadata.event_type, metadata.timestamp, metadata.event_message)
    happened_at = min(EPOCH + timedelta(milliseconds=int(metadata.timestamp)), now)
    if metadata.event_message.startswith(_AFTER_ROLLOUT):
        # Its phase is of then, and must not overtake the end: a failed rollout would look like one under way.
        happened_at -= _LONGEST_HOOKS
    return SystemEvent(
        source="flagger",
        key=_key(labels, *key),
        group_labels=_shown(labels),
        firing=event.phase not in _ENDED_PHASES,
        severity="critical" if failed else "warning" if worried else "info",
        title=_line(f"Canary {event.namespace}/{event.name} {event.phase}: {metadata.event_message}"),
        happened_at=_moment(happened_at, now),
        document=event.model_dump_json(by_alias=True),
        labels=_shown({"phase": event.phase, "checksum": event.checksum}),
    )


def of_flux(event: FluxEvent, now: datetime) -> SystemEvent:
    """Return what a Flux controller says: one alert for each object, over when the object is well again."""
    involved, revision = event.involved_object, event.revision()
    labels = {"source": "flux", "kind": involved.kind, "namespace": involved.namespace, "name": involved.name}
    named = f"{involved.kind} {involved.namespace}/{involved.name}"
    later = _AFTER_OTHERS_OF_ITS_SECOND.get(event.reason, timedelta())
    return SystemEvent(
        source="flux",
        key=_key(labels, event.reason, revision, event.timestamp.isoformat(), event.severity, event.message),
        group_labels=_shown(labels),
        firing=event.severity in _FLUX_SEVERITIES,
        severity=_FLUX_SEVERITIES.get(event.severity, "info"),
        title=_line(f"{named} {event.reason}: {event.message}"),
        happened_at=_moment(min(event.timestamp, now) + later, now),
        document=event.model_dump_json(by_alias=True),
        labels=_shown({"reason": event.reason, "revision": revision}),
    )


def of_alertmanager(alert: AlertmanagerAlert, now: datetime) -> SystemEvent:
    """Return what Prometheus says of one alert, known by its fingerprint through all its firings.

    Notes
    -----
    Alertmanager merges firings that overlap, so that a later one may have the start of an earlier one. The zero time
    stands for an end that is not known.
    """
    name = alert.labels.get("alertname", "")
    summary = alert.annotations.get("summary") or alert.annotations.get("description") or alert.status
    labels = {"source": "alertmanager", "alertname": name, "fingerprint": alert.fingerprint}
    firing = alert.status == "firing"
    ended_at = alert.ends_at if alert.ends_at is not None and alert.ends_at >= alert.starts_at else now
    happened_at = alert.starts_at if firing else ended_at
    keys = {status: _key(labels, alert.starts_at.isoformat(), status) for status in ("firing", "resolved")}
    links = {key: alert.annotations[key] for key in ("runbook_url",) if key in alert.annotations}
    return SystemEvent(
        source="alertmanager",
        key=keys[alert.status],
        group_labels=_shown(labels),
        firing=firing,
        severity=_PROMETHEUS_SEVERITIES.get(alert.labels.get("severity", "").lower(), "warning"),
        title=_line(f"{name or 'Alert'}: {summary}"),
        happened_at=_moment(happened_at, now),
        document=alert.model_dump_json(by_alias=True),
        labels=_shown(links | alert.labels),
        contrary_key=keys["resolved" if firing else "firing"],
    )


def _key(labels: dict[str, str], *parts: str) -> str:
    """Return the event's key: what its alert is, then a digest of what makes it one event of that alert."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
    return f"{labels['source']}/{fingerprint(labels)}/{digest}"


def _moment(moment: datetime, now: datetime) -> datetime:
    """Return a sender's time between 1970 and now: a clock that goes ahead must not hold back the events after it."""
    return min(max(moment, EPOCH), now)


def _line(text: str) -> str:
    return shortened(" ".join(text.split()), MAX_TITLE_CHARACTERS)


def _shown(labels: dict[str, str]) -> dict[str, str]:
    """Return labels as a notice carries them: the first twenty, none of them long."""
    return {_cut(name): _cut(value) for name, value in list(labels.items())[:_MAX_LABELS]}


def _cut(text: str) -> str:
    return shortened(text, _MAX_LABEL_CHARACTERS)
