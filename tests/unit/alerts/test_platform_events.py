"""What the platform's events say of their alerts: identity, severity, whether somebody is needed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.matching.grouping import EPOCH
from alerts.notification.body import MAX_BODY_BYTES, render
from alerts.platform_events.events import SystemEvent, of_alertmanager, of_flagger, of_flux
from alerts.schemas.integrations import AlertmanagerAlert, FlaggerEvent, FluxEvent
from tests.builders.alerts import alert_row
from tests.builders.platform_events import flagger, flux, prometheus_alert

NOW = datetime(2026, 3, 2, 13, tzinfo=UTC)


def canary(*arguments: object, **fields: object) -> SystemEvent:
    return of_flagger(FlaggerEvent.model_validate(flagger(*arguments, **fields)), NOW)


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=2), timedelta(days=400)])
def test_what_flagger_says_of_hooks_is_older_than_the_end_whatever_its_clock_says(ahead: timedelta):
    at = str(int((NOW + ahead - EPOCH) / timedelta(milliseconds=1)))
    metadata = {"eventMessage": "Post-rollout check close-gate passed", "eventType": "Normal", "timestamp": at}

    end = canary("Failed", metadata={**metadata, "eventMessage": "Canary failed!"})

    assert canary("Progressing", metadata=metadata).happened_at < end.happened_at == NOW


def reconciliation(*arguments: object, **fields: object) -> SystemEvent:
    return of_flux(FluxEvent.model_validate(flux(*arguments, **fields)), NOW)


def alarm(*arguments: object, **fields: object) -> SystemEvent:
    return of_alertmanager(AlertmanagerAlert.model_validate(prometheus_alert(*arguments, **fields)), NOW)


@pytest.mark.parametrize(
    ("phase", "firing", "severity"),
    [
        ("Initialized", False, "info"),
        ("Progressing", True, "info"),
        ("WaitingPromotion", True, "info"),
        ("Succeeded", False, "info"),
        ("Failed", True, "critical"),
    ],
)
def test_a_phase_says_whether_the_rollout_needs_somebody(phase, firing, severity):
    event = canary(phase)

    assert (event.firing, event.severity) == (firing, severity)
    assert event.title == f"Canary financial-news/nlp-processing {phase}: {phase} nlp-processing"


def test_a_canary_is_one_alert_through_all_its_rollouts():
    first, later, other = canary(), canary("Failed", after_seconds=60), canary(name="alert-signal")
    following = canary(checksum="77aa")

    assert first.group_key == later.group_key == following.group_key != other.group_key
    assert len({first.key, later.key, other.key, following.key}) == 4
    assert later.happened_at - first.happened_at == timedelta(minutes=1)
    assert following.labels == {"phase": "Progressing", "checksum": "77aa"}


def test_a_corrected_drift_comes_after_its_discovery_in_the_same_second():
    found = reconciliation("error", reason="DriftDetected")
    corrected = reconciliation("info", reason="DriftCorrected")

    assert found.happened_at < corrected.happened_at < found.happened_at + timedelta(seconds=1)
    assert found.group_key == corrected.group_key


def test_a_flux_object_is_one_alert_whatever_its_revision():
    bad, good = reconciliation(), reconciliation("info", "2026-03-02T12:05:00Z", metadata=None)

    assert bad.group_key == good.group_key
    assert (bad.firing, bad.severity, good.firing, good.severity) == (True, "critical", False, "info")
    assert bad.title == ("Kustomization flux-system/apps BuildFailed: dry-run failed spec.replicas: Invalid value")
    assert bad.labels == {"reason": "BuildFailed", "revision": "main@sha1:4f1c"}


def test_a_prometheus_alert_is_known_by_its_fingerprint():
    first, over = alarm(), alarm("resolved", ends_at="2026-03-02T12:30:00Z")

    assert first.group_key == over.group_key
    assert first.key != over.key
    assert over.happened_at == datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
    assert first.labels["runbook_url"] == "https://example.com/runbooks#outbox-is-stale"
    assert first.key == alarm().key


@pytest.mark.parametrize(
    ("given_at", "taken_as"),
    [("9999-12-31T23:59:59-14:00", NOW), ("0001-01-01T00:00:00+14:00", EPOCH), ("2026-03-02T12:00:00Z", None)],
)
def test_times_no_clock_can_have_are_bounded(given_at, taken_as):
    assert reconciliation(timestamp=given_at).happened_at == (taken_as or datetime(2026, 3, 2, 12, tzinfo=UTC))


@given(
    labels=st.dictionaries(st.text(max_size=300), st.text(max_size=500), max_size=40),
    message=st.text(max_size=2_000),
)
def test_a_notice_of_any_event_stays_within_its_size(labels, message):
    event = alarm(labels=labels, annotations={"summary": message})
    row = alert_row(
        kind="system",
        rule_name="n" * 200,
        severity=event.severity,
        group_labels=event.group_labels,
        labels=event.labels,
        title=event.title,
    )

    notice = render(row, [], reason="first", now=NOW, n_standing=0)

    assert len(notice.body.encode()) <= MAX_BODY_BYTES
    assert json.loads(notice.body)["data"]["kind"] == "system"
