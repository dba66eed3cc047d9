"""Rules and receivers over HTTP: written with conditions, checked, tried, and in force at once on every replica."""

from common.clock import uuid7
from tests.builders.impacts import impact
from tests.integration.alerts.conftest import AlertsUnderTest, running


async def test_a_new_database_has_a_log_receiver_and_rules_that_use_it(start_service):
    async with running(start_service, seed_default_rules=True) as alerts:
        rules = (await alerts.get("/rules"))["data"]
        receivers = (await alerts.get("/receivers"))["data"]

        await alerts.signals(impact())

        async def all_delivered() -> bool:
            return [each["state"] for each in (await alerts.get("/deliveries"))["data"]] == ["delivered", "delivered"]

        await alerts.until(all_delivered)

    assert [receiver["name"] for receiver in receivers] == ["log"]
    assert {tuple(rule["receivers"]) for rule in rules} == {("log",)}


async def test_a_rule_created_on_one_replica_holds_on_the_other(start_service):
    async with running(start_service) as first:
        name = first.runtime.settings.sqlalchemy_url().database
        async with running(start_service, database=name) as second:
            await second.signals(impact())
            rule = await first.rule()
            await second.signals(impact())
            fired = len(await second.alerts())
            await first.request("DELETE", f"/rules/{rule['rule_id']}", 204)
            await second.signals(impact(ticker="AAPL"))

            assert fired == len(await second.alerts()) == 1


async def test_a_stale_version_is_refused(alerts: AlertsUnderTest):
    rule = await alerts.rule()
    path = f"/alerts/v1/rules/{rule['rule_id']}"
    etag = (await alerts.client.get(path)).headers["etag"]
    body = {"name": "falls", "when": {"direction": "down"}, "receivers": []}

    changed = await alerts.client.put(path, json=body, headers={"If-Match": etag})
    stale = await alerts.client.put(path, json=body, headers={"If-Match": etag})
    unchanged = await alerts.client.get(path, headers={"If-None-Match": changed.headers["etag"]})

    assert (changed.status_code, stale.status_code, unchanged.status_code) == (200, 412, 304)
    assert changed.json()["when"] == {"direction": "down"}


async def test_an_idempotency_key_creates_one_rule(alerts: AlertsUnderTest):
    body = {"name": "once", "when": {}, "receivers": []}

    answers = [
        await alerts.client.post("/alerts/v1/rules", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


async def test_a_name_is_taken_once(alerts: AlertsUnderTest):
    await alerts.rule(name="falls")

    problem = await alerts.request("POST", "/rules", 409, json={"name": "falls", "receivers": []})

    assert problem["code"] == "name_taken"


async def test_an_unknown_receiver_is_refused(alerts: AlertsUnderTest):
    problem = await alerts.request("POST", "/rules", 409, json={"name": "x", "receivers": ["nobody"]})

    assert problem["code"] == "unknown_receiver"


async def test_a_receiver_in_use_cannot_be_deleted(alerts: AlertsUnderTest):
    receiver = await alerts.request("POST", "/receivers", 201, json={"name": "log", "kind": "log"})
    rule = await alerts.rule(receivers=[receiver["receiver_id"]])

    await alerts.request("DELETE", f"/receivers/{receiver['receiver_id']}", 409)
    await alerts.request("DELETE", f"/rules/{rule['rule_id']}", 204)
    await alerts.request("DELETE", f"/receivers/{receiver['receiver_id']}", 204)

    assert rule["receivers"] == ["log"]
    await alerts.request("GET", f"/receivers/{receiver['receiver_id']}", 404)


async def test_a_rule_that_never_matches_is_found_out(alerts: AlertsUnderTest):
    body = {
        "name": "impossible",
        "when": {"direction": "up", "all": [{"direction": "down"}]},
        "receivers": [],
    }

    answer = await alerts.request("POST", "/rules:validate", 200, json=body)

    assert not answer["valid"]
    assert answer["findings"][0]["code"] == "never_matches"


async def test_conditions_nested_too_deeply_are_refused(alerts: AlertsUnderTest):
    when: dict[str, object] = {"direction": "up"}
    for _ in range(6):
        when = {"not": when}

    await alerts.request("POST", "/rules", 409, json={"name": "deep", "when": when})


# 24 kB; multiplied out it would take seconds.
_INTRICATE = {"all": [{"not": {"any": [{"tickers": ["A"], "topics": ["a"], "event_types": ["b"], "direction": "up",
              "basis": "after", "min_impact_score": 50.0, "min_confidence": 0.5}] * 9}}] * 18}  # fmt: skip


async def test_an_intricate_rule_is_checked_and_fires_and_stops_no_replica_from_starting(start_service):
    body = {"name": "intricate", "when": _INTRICATE, "group_wait_seconds": 0, "receivers": []}
    async with running(start_service) as first:
        answer = await first.request("POST", "/rules:validate", 200, json=body)
        await first.request("POST", "/rules", 201, json=body)
        name = first.runtime.settings.sqlalchemy_url().database
        async with running(start_service, database=name) as second:
            await second.signals(impact())

            assert len(await second.alerts()) == 1

    assert answer["valid"]
    assert [finding["code"] for finding in answer["findings"]] == ["too_complex", "no_receiver"]


async def test_a_rule_beyond_any_use_is_refused(alerts: AlertsUnderTest):
    when: dict[str, object] = {}
    for _ in range(3):
        when = {"any": [when] * 20}

    problem = await alerts.request("POST", "/rules:validate", 422, json={"name": "wide", "when": when})

    assert "this one has over 2,000" in str(problem)


async def test_a_dry_run_says_why_a_rule_does_not_match(alerts: AlertsUnderTest):
    await alerts.rule(when={"tickers": ["TSLA"], "any": [{"min_confidence": 0.9}, {"topics": ["mergers"]}]})

    answer = await alerts.request(
        "POST",
        "/signals:evaluate",
        200,
        json={
            "impacts": [impact().model_dump(mode="json"), {"nonsense": True}],
            "rules": [{"name": "draft", "when": {"direction": "down"}}],
        },
    )

    stored, draft = answer["data"][0]["rules"]
    outcomes = {each["path"]: each["satisfied"] for each in stored["conditions"]}
    assert (stored["matched"], draft["matched"]) == (False, True)
    assert outcomes == {"tickers": True, "any": False, "any[0].min_confidence": False, "any[1].topics": False}
    assert answer["data"][1]["error"]["code"] == "invalid_item"
    assert (await alerts.get("/counts"))["counts"]["received"] == 0


async def test_a_disabled_rule_stays_silent(alerts: AlertsUnderTest):
    await alerts.rule(enabled=False)

    await alerts.signals(impact())

    assert await alerts.alerts() == []


async def test_abstained_impacts_alert_nobody(alerts: AlertsUnderTest):
    await alerts.rule(when={})

    await alerts.signals(impact(abstained=True, abstain_reason="too few events"))

    assert await alerts.alerts() == []


async def test_what_does_not_exist_is_not_found(alerts: AlertsUnderTest):
    for path in ("/rules", "/receivers", "/alerts"):
        await alerts.request("GET", f"{path}/{uuid7()}", 404)
