"""Events of the platform become alerts in the same inbox: each once, in the order in which they happened."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from alerts.built_in import SYSTEM_RULE_ID
from alerts.default_rules import seed
from common.access.auth import insert_api_key, new_api_key
from tests.builders.impacts import impact
from tests.builders.platform_events import alertmanager, flagger, flux, prometheus_alert
from tests.integration.alerts.conftest import running

FLAGGER = "spiffe://cluster.local/ns/flagger-system/sa/flagger"
RELAPSE = {"starts_at": "2026-03-02T14:00:00Z"}
OVER = {"status": "resolved", "ends_at": "2026-03-02T12:30:00Z"}


async def send(alerts, sender, body):
    answer = await alerts.request("POST", f"/integrations/{sender}", 200, json=body)
    return [item["status"] for item in answer["data"]]


async def test_a_rollout_is_one_alert_from_its_start_to_its_promotion(alerts):
    for seconds, phase in enumerate(["Progressing", "Promoting", "Succeeded"]):
        assert await send(alerts, "flagger", flagger(phase, after_seconds=seconds)) == ["stored"]

    (alert,) = await alerts.alerts(kind="system")
    assert (alert["state"], alert["kind"], alert["severity"]) == ("resolved", "system", "info")
    assert alert["title"] == "Canary financial-news/nlp-processing Succeeded: Succeeded nlp-processing"
    assert (alert["impacts"], alert["n_impacts"], alert["lineage"]) == ([], 0, None)


async def test_rollouts_after_one_another_leave_nothing_firing_whatever_became_of_the_earlier_ones(alerts):
    """Flagger says "New revision detected!" with the checksum of the rollout before."""
    seconds = 0
    for number, end in enumerate(["Succeeded", "Failed", "Succeeded", "Failed", "Succeeded"], 1):
        steps = [("Progressing", number - 1), ("Progressing", number), ("Promoting", number), (end, number)]
        for phase, checksum in steps:
            seconds += 10
            sent = flagger(phase, after_seconds=seconds, checksum=f"checksum-{checksum}")
            assert await send(alerts, "flagger", sent) == ["stored"]
        (alert,) = await alerts.alerts(kind="system")
        is_over = end == "Succeeded"
        assert (alert["state"], alert["severity"]) == (("resolved", "info") if is_over else ("firing", "critical"))


@pytest.mark.parametrize(
    ("end", "state", "severity"), [("Failed", "firing", "critical"), ("Succeeded", "resolved", "info")]
)
@pytest.mark.parametrize("said", ["Post-rollout check close-gate passed", "Post-rollout hook close-abort failed 500"])
async def test_hooks_after_a_rollout_tell_the_phase_before_and_change_nothing(alerts, end, state, severity, said):
    """As the real Flagger sends them after a rollback: the failure, and then the hooks, still as Progressing."""
    warned = {"eventMessage": said, "eventType": "Warning"}
    for seconds, phase in enumerate(["Progressing", end]):
        assert await send(alerts, "flagger", flagger(phase, after_seconds=60 * seconds)) == ["stored"]
    for seconds in (61, 75):
        late = flagger("Progressing", after_seconds=seconds)
        await send(alerts, "flagger", {**late, "metadata": {**late["metadata"], **warned}})

    (alert,) = await alerts.alerts(kind="system")
    assert (alert["state"], alert["severity"]) == (state, severity)
    assert alert["title"].startswith(f"Canary financial-news/nlp-processing {end}: ")

    # The next rollout is one again.
    await send(alerts, "flagger", flagger("Progressing", after_seconds=90, checksum="next"))
    (alert,) = await alerts.alerts(kind="system")
    assert alert["state"] in {"pending", "firing"}
    assert alert["title"].startswith("Canary financial-news/nlp-processing Progressing: ")


@pytest.mark.parametrize(
    ("sender", "body"),
    [("flagger", flagger()), ("flux", flux()), ("alertmanager", alertmanager(prometheus_alert(), prometheus_alert()))],
)
async def test_an_event_that_is_sent_again_changes_nothing(alerts, sender, body):
    await send(alerts, sender, body)
    await alerts.state_is("firing")
    (before,) = await alerts.alerts()

    again = await asyncio.gather(*(send(alerts, sender, body) for _ in range(3)))

    assert {status for statuses in again for status in statuses} == {"unchanged"}
    assert await alerts.alerts() == [before]


async def test_one_event_that_reaches_several_replicas_at_once_is_one_alert(alerts):
    answers = await asyncio.gather(*(send(alerts, "flux", flux()) for _ in range(6)))

    assert sorted(status for (status,) in answers) == ["stored", *["unchanged"] * 5]
    assert len(await alerts.alerts()) == 1


async def test_an_alert_that_fires_again_is_the_same_one(alerts):
    await send(alerts, "alertmanager", alertmanager(prometheus_alert()))
    await alerts.state_is("firing")
    await send(alerts, "alertmanager", alertmanager(prometheus_alert(**OVER)))
    await alerts.state_is("resolved")

    await send(alerts, "alertmanager", alertmanager(prometheus_alert(**RELAPSE)))

    await alerts.state_is("firing")
    (alert,) = await alerts.alerts()
    history = (await alerts.get(f"/alerts/{alert['alert_id']}"))["history"]
    assert [each["to_state"] for each in history] == ["pending", "firing", "resolved", "pending", "firing"]
    assert [each["reason"] for each in history][2:4] == ["event", "reopened"]


async def test_what_fires_again_since_the_same_start_fires_and_ends_again(alerts):
    """As Alertmanager tells of firings that overlap; what it repeats meanwhile changes nothing."""
    told = []
    for _ in range(3):
        for fields in ({}, OVER):
            for _repeat in range(2):
                told += await send(alerts, "alertmanager", alertmanager(prometheus_alert(**fields)))
            await alerts.state_is("firing" if not fields else "resolved")

    assert told == ["stored", "unchanged"] * 6


async def test_what_a_person_has_resolved_stays_so_while_alertmanager_repeats_itself(alerts):
    await send(alerts, "alertmanager", alertmanager(prometheus_alert()))
    await alerts.state_is("firing")
    (alert,) = await alerts.alerts()
    await alerts.request("POST", f"/alerts/{alert['alert_id']}:resolve", 200)

    assert await send(alerts, "alertmanager", alertmanager(prometheus_alert())) == ["unchanged"]

    await alerts.state_is("resolved")


@pytest.mark.parametrize("ends_at", ["0001-01-01T00:00:00Z", "2026-03-02T11:59:59Z", None])
async def test_an_end_of_which_nothing_is_known_but_that_it_came_ends_the_alert(alerts, ends_at):
    await send(alerts, "alertmanager", alertmanager(prometheus_alert()))
    await alerts.state_is("firing")

    await send(alerts, "alertmanager", alertmanager(prometheus_alert("resolved", ends_at=ends_at)))

    await alerts.state_is("resolved")


async def test_a_drift_that_is_told_after_its_correction_leaves_nothing_open(alerts):
    await send(alerts, "flux", flux("info", reason="DriftCorrected"))

    assert await send(alerts, "flux", flux("error", reason="DriftDetected")) == ["stored"]

    (alert,) = await alerts.alerts()
    assert alert["state"] == "resolved"


async def test_a_firing_that_comes_late_does_not_reopen_what_has_ended(alerts):
    await send(alerts, "alertmanager", alertmanager(prometheus_alert(**OVER)))

    assert await send(alerts, "alertmanager", alertmanager(prometheus_alert())) == ["stored"]

    (alert,) = await alerts.alerts()
    assert alert["state"] == "resolved"


async def test_receivers_hear_of_the_start_of_worse_news_and_of_the_end(alerts, webhook):
    await alerts.receiver(name="log", url=webhook.url)
    await send(alerts, "flagger", flagger())
    await webhook.wait_for(1)
    await send(alerts, "flagger", flagger("Promoting", after_seconds=1))
    await send(alerts, "flagger", flagger("Failed", after_seconds=2))
    await webhook.wait_for(2)
    (alert,) = await alerts.alerts()

    await alerts.request("POST", f"/alerts/{alert['alert_id']}:resolve", 200)

    first, worse, over = await webhook.wait_for(3)
    assert [each.type for each in (first, worse, over)] == ["alert.firing", "alert.firing", "alert.resolved"]
    assert (first.data["kind"], first.data["reason"], first.data["severity"]) == ("system", "first", "info")
    assert (worse.data["reason"], worse.data["severity"]) == ("new_events", "critical")
    assert worse.data["title"].startswith("Canary financial-news/nlp-processing Failed")


async def test_a_system_alert_outlives_the_window_of_an_impact(alerts, clock):
    await send(alerts, "flux", flux())
    await alerts.state_is("firing")

    clock.advance(timedelta(days=30).total_seconds())
    await alerts.rule()
    await alerts.signals(impact())

    async def has_fired() -> bool:
        return (await alerts.alerts(kind="impact"))[0]["state"] == "firing"

    await alerts.until(has_fired)
    (alert,) = await alerts.alerts(kind="system")
    assert alert["state"] == "firing"


async def test_the_built_in_rule_matches_no_impact_and_cannot_be_deleted(alerts):
    await send(alerts, "flux", flux())

    await alerts.signals(impact())

    problem = await alerts.request("DELETE", f"/rules/{SYSTEM_RULE_ID}", 409)
    assert problem["code"] == "built_in"
    assert await alerts.alerts(kind="impact") == []


async def test_a_rule_of_the_same_name_is_no_obstacle(alerts):
    await alerts.rule(name="Platform events")

    await send(alerts, "flux", flux())

    (alert,) = await alerts.alerts()
    assert alert["rule_name"] == "Platform events (built in)"


async def test_a_database_of_the_release_before_gets_the_rule_at_the_next_start(start_service):
    async with running(start_service, seed_default_rules=True) as alerts:
        async with alerts.runtime.database.transaction() as connection:
            await connection.execute(text("DELETE FROM rule WHERE rule_id = :id"), {"id": SYSTEM_RULE_ID})

        await seed(alerts.engine)

        rule = await alerts.get(f"/rules/{SYSTEM_RULE_ID}")
    assert (rule["name"], rule["receivers"]) == ("Platform events", ["log"])


async def test_events_are_on_the_stream(alerts):
    await send(alerts, "flux", flux())
    await alerts.state_is("firing")
    await send(alerts, "flux", flux("info", "2026-03-02T12:05:00Z"))

    async with alerts.runtime.database.reading() as connection:
        names = (await connection.execute(text("SELECT name FROM event ORDER BY sequence"))).scalars().all()
    assert names == ["alert.firing", "alert.resolved"]


@pytest.mark.parametrize(
    ("sender", "body"),
    [
        ("flagger", {**flagger(), "metadata": {"eventMessage": "x", "eventType": "Normal", "timestamp": "soon"}}),
        ("flagger", {name: value for name, value in flagger().items() if name != "checksum"}),
        ("flux", {**flux(), "timestamp": 1_772_452_800}),
        ("flux", {**flux(), "severity": "fatal"}),
        ("alertmanager", {**alertmanager(prometheus_alert()), "version": "3"}),
        ("alertmanager", {**alertmanager(prometheus_alert()), "alerts": []}),
    ],
)
async def test_a_body_that_is_no_such_event_is_refused(alerts, sender, body):
    await alerts.request("POST", f"/integrations/{sender}", 422, json=body)

    assert await alerts.alerts() == []


@pytest.mark.parametrize(
    "bad",
    [
        {"annotations": {"summary": "x" * 50_001}},
        {"labels": {f"label_{number}": "x" for number in range(201)}},
        {"fingerprint": ""},
        {"startsAt": 1_772_452_800},
    ],
    ids=["annotation", "labels", "fingerprint", "time"],
)
async def test_an_alert_that_does_not_fit_takes_no_other_with_it(alerts, bad):
    given = [{**prometheus_alert(), **bad}, prometheus_alert(), {**prometheus_alert(), **bad}]
    # Alertmanager repeats there what all its alerts have.
    shared = {"commonAnnotations": bad.get("annotations", {}), "commonLabels": bad.get("labels", {})}

    answer = await alerts.request("POST", "/integrations/alertmanager", 200, json=alertmanager(*given, **shared))

    assert [(each["index"], each["status"]) for each in answer["data"]] == [
        (0, "rejected"),
        (1, "stored"),
        (2, "rejected"),
    ]
    assert answer["data"][0]["error"]["errors"][0]["loc"][0] == next(iter(bad))
    assert len(await alerts.alerts(kind="system")) == 1


async def test_a_notification_of_bad_alerts_only_is_answered_for_each(alerts):
    assert await send(alerts, "alertmanager", alertmanager({**prometheus_alert(), "fingerprint": ""})) == ["rejected"]


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        (f"By=x;Hash=1f;URI={FLAGGER}", 200),
        ("By=x;Hash=1f;URI=spiffe://cluster.local/ns/other/sa/other", 401),
        (f"URI={FLAGGER},By=x;Hash=1f;URI=spiffe://cluster.local/ns/other/sa/other", 401),
        (None, 401),
    ],
)
async def test_an_identity_that_the_mesh_proved_needs_no_key(start_service, peer, status):
    async with running(start_service, mesh_principals=frozenset({FLAGGER})) as alerts:
        await require_keys(alerts)
        headers = {"x-forwarded-client-cert": peer} if peer else {}

        await alerts.request("POST", "/integrations/flagger", status, json=flagger(), headers=headers)

        await alerts.request("GET", "/alerts", 401, headers=headers)


async def test_without_the_setting_the_header_proves_nothing(alerts):
    await require_keys(alerts)
    headers = {"x-forwarded-client-cert": f"URI={FLAGGER}"}

    await alerts.request("POST", "/integrations/flagger", 401, json=flagger(), headers=headers)


async def require_keys(alerts):
    runtime = alerts.runtime
    key = new_api_key("somebody", ("read",), None)
    table = runtime.authenticator._table
    async with runtime.database.transaction() as connection:
        await insert_api_key(connection, table, key.record, runtime.clock.now())
    runtime.authenticator._loaded_at = float("-inf")
