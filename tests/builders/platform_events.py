"""Bodies as Flagger, Flux and Alertmanager send them."""

from typing import Any

EPOCH_MILLISECONDS = 1_772_452_800_000


def flagger(phase: str = "Progressing", *, after_seconds: int = 0, **fields: Any) -> dict[str, Any]:
    metadata = {
        "eventMessage": f"{phase} nlp-processing",
        "eventType": "Warning" if phase == "Failed" else "Normal",
        "timestamp": str(EPOCH_MILLISECONDS + 1_000 * after_seconds),
    }
    return {
        "name": "nlp-processing",
        "namespace": "financial-news",
        "phase": phase,
        "checksum": "85d557f47b",
        "metadata": metadata,
        **fields,
    }


def flux(severity: str = "error", timestamp: str = "2026-03-02T12:00:00Z", **fields: Any) -> dict[str, Any]:
    involved = {
        "kind": "Kustomization",
        "name": "apps",
        "namespace": "flux-system",
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "uid": "2b3d6f0e-7a53-4a0c-9d4f-1f1a35c11a60",
    }
    return {
        "involvedObject": involved,
        "severity": severity,
        "timestamp": timestamp,
        "message": "dry-run failed\nspec.replicas: Invalid value",
        "reason": "BuildFailed" if severity == "error" else "ReconciliationSucceeded",
        "metadata": {"kustomize.toolkit.fluxcd.io/revision": "main@sha1:4f1c"},
        "reportingController": "kustomize-controller",
        "reportingInstance": "kustomize-controller-7d5f",
        **fields,
    }


def prometheus_alert(
    status: str = "firing",
    starts_at: str = "2026-03-02T12:00:00.123456789Z",
    ends_at: str = "0001-01-01T00:00:00Z",
    **fields: Any,
) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "OutboxIsStale", "severity": "critical", "service": "nlp-processing"},
        "annotations": {"summary": "Headlines wait", "runbook_url": "https://example.com/runbooks#outbox-is-stale"},
        "startsAt": starts_at,
        "endsAt": ends_at,
        "generatorURL": "http://prometheus:9090/graph?g0.expr=x",
        "fingerprint": "c4f2a8d1e0b39a77",
        **fields,
    }


def alertmanager(*alerts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="OutboxIsStale"}',
        "truncatedAlerts": 0,
        "status": alerts[0]["status"],
        "receiver": "alerts",
        "groupLabels": {"alertname": "OutboxIsStale"},
        "commonLabels": {"alertname": "OutboxIsStale"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts),
        **fields,
    }
